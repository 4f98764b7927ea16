#include "tests/support/broker_test.h"
#include "tests/support/settings.h"

namespace hermod::integration {

/// Limits on how many parts one packet may have.
class PacketParts : public BrokerTest {
 protected:
  void SetUp() override {
    HERMOD_NEEDS_OWN_BROKER();
    start_with({{setting::kMaxUserProperties, "3"}, {setting::kMaxFilters, "2"}});
  }
  static Properties users(int count) {
    Properties properties;
    for (int i = 0; i < count; ++i) properties.user("k", "v");
    return properties;
  }
};

TEST_F(PacketParts, AsManyUserPropertiesAsAllowedPass) {
  MqttClient subscriber = client("subscriber");
  subscriber.subscribe("t", 0);
  client("publisher").send_publish({.topic = "t", .payload = "x", .properties = users(3)});
  EXPECT_EQ(subscriber.receive().properties.users().size(), 3U);
}

TEST_F(PacketParts, OneUserPropertyMoreIsQuotaExceeded) {
  MqttClient publisher = client("publisher");
  publisher.send_publish({.topic = "t", .payload = "x", .properties = users(4)});
  publisher.expect_ended({reason::kQuotaExceeded});
}

TEST_F(PacketParts, OneFilterMoreIsQuotaExceeded) {
  MqttClient subscriber = client("subscriber");
  subscriber.raw().send(subscribe_bytes(Version::V5, 1, {{"a", 0}, {"b", 0}}));
  EXPECT_EQ(subscriber.raw().next().type, Type::Suback);
  subscriber.raw().send(subscribe_bytes(Version::V5, 2, {{"a", 0}, {"b", 0}, {"c", 0}}));
  subscriber.expect_ended({reason::kQuotaExceeded});
}

}  // namespace hermod::integration
