#include "tests/crash/retained_check.h"

#include "tests/support/mqtt_client.h"

namespace hermod::crash {

using namespace support;

std::vector<std::string> retained_violations(std::uint16_t port, const Ledger& ledger,
                                             const std::vector<std::string>& topics) {
  std::vector<std::string> all;
  MqttClient late(port, {.client_id = "late"});
  for (const std::string& topic : topics) {
    const auto last = ledger.last_acknowledged(topic);
    if (!last) continue;
    late.subscribe(topic, 1);
    auto kept = late.try_receive(kPatience);
    while (kept && kept->topic != topic) kept = late.try_receive(kPatience);
    if (!kept) {
      all.push_back("nothing is retained for " + topic + ", where " + std::to_string(*last) +
                    " was acknowledged");
    } else if (std::stoull(kept->payload) < *last) {
      all.push_back(kept->payload + " is retained for " + topic + ", where " + std::to_string(*last) +
                    " was acknowledged");
    }
  }
  late.disconnect();
  return all;
}

}  // namespace hermod::crash
