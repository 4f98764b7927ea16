#include "tests/support/broker_test.h"
#include "tests/support/settings.h"

namespace hermod::integration {

class ReceiveMaximumOfBroker : public BrokerTest {
 protected:
  void SetUp() override {
    if (is_foreign_broker()) GTEST_SKIP() << "needs a setting";
    start_with({{setting::kReceiveMaximum, "4"}});
  }
};

TEST_F(ReceiveMaximumOfBroker, IsToldInConnack) {
  EXPECT_EQ(connack_of({.client_id = "asking"}).properties.number(property::kReceiveMaximum), 4U);
}

TEST_F(ReceiveMaximumOfBroker, AsManyAsAllowedMayBeUnderWay) {
  MqttClient publisher = client("publisher");
  for (int round = 0; round < 3; ++round) {
    std::vector<std::uint16_t> open;
    for (int i = 0; i < 4; ++i) {
      open.push_back(publisher.send_publish({.topic = "window/topic", .payload = "x", .qos = 2}));
      publisher.await_ack(Type::Pubrec, open.back());
    }
    for (const std::uint16_t id : open) {
      publisher.send_ack(Type::Pubrel, id);
      publisher.await_ack(Type::Pubcomp, id);
    }
  }
}

// 3.3.4: one more than the broker said ends the connection.
TEST_F(ReceiveMaximumOfBroker, OneMoreEndsTheConnection) {
  MqttClient publisher = client("publisher");
  for (int i = 0; i < 4; ++i) {
    const std::uint16_t id = publisher.send_publish({.topic = "window/topic", .payload = "x", .qos = 2});
    publisher.await_ack(Type::Pubrec, id);
  }
  publisher.send_publish({.topic = "window/topic", .payload = "too much", .qos = 2});
  publisher.expect_ended({reason::kReceiveMaximumExceeded});
}

// What was seen already does not count a second time.
TEST_F(ReceiveMaximumOfBroker, RepeatedPublishDoesNotCountTwice) {
  MqttClient publisher = client("publisher");
  for (std::uint16_t id = 1; id <= 4; ++id) {
    publisher.send_publish({.topic = "window/topic", .payload = "x", .qos = 2, .packet_id = id});
    publisher.await_ack(Type::Pubrec, id);
  }
  publisher.send_publish({.topic = "window/topic", .payload = "x", .qos = 2, .dup = true, .packet_id = 2});
  publisher.await_ack(Type::Pubrec, 2);
  publisher.ping();
}

TEST_F(ReceiveMaximumOfBroker, VersionThreeIsNotClosedByALimitItCannotKnow) {
  MqttClient publisher = client("publisher", Version::V311);
  std::string burst;
  for (std::uint16_t id = 1; id <= 20; ++id) {
    burst +=
        publish_bytes(Version::V311, {.topic = "window/topic", .payload = "x", .qos = 1, .packet_id = id});
  }
  publisher.raw().send(burst);
  for (std::uint16_t id = 1; id <= 20; ++id) publisher.await_ack(Type::Puback, id);
}

}  // namespace hermod::integration
