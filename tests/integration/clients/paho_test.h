#pragma once
#include <mqtt/async_client.h>
#include <mqtt/client.h>

#include <string>

#include "tests/support/broker_test.h"

namespace hermod::integration {

/// The Eclipse Paho C++ clients against the broker, for both protocol versions.
class PahoTest : public VersionedBrokerTest {
 protected:
  std::string server() { return "tcp://127.0.0.1:" + std::to_string(port()); }
  static int paho_version() { return is_v5() ? MQTTVERSION_5 : MQTTVERSION_3_1_1; }
  static mqtt::create_options creation() { return mqtt::create_options(paho_version()); }

  static mqtt::connect_options connection(bool clean) {
    mqtt::connect_options options;
    options.set_mqtt_version(paho_version());
    options.set_keep_alive_interval(20);
    if (is_v5()) {
      options.set_clean_start(clean);
      options.set_properties({{mqtt::property::SESSION_EXPIRY_INTERVAL, clean ? 0 : 3600}});
    } else {
      options.set_clean_session(clean);
    }
    return options;
  }
};

}  // namespace hermod::integration
