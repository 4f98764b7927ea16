#include <thread>

#include "tests/integration/hostile/hostile_test.h"

namespace hermod::integration {

class HostileResend : public Hostile {
 protected:
  void SetUp() override {
    if (!is_foreign_broker()) broker();
  }
  /// Publishes "once" up to PUBREC, lets `between` happen, resends and finishes; the subscriber must see it
  /// once.
  template <class Between>
  void expect_once(Between between) {
    for (const Version version : kMainVersions) expect_once(version, between);
  }

  template <class Between>
  void expect_once(Version version, Between between) {
    MqttClient subscriber = durable_client("subscriber");
    subscriber.subscribe("once/topic", 2);
    subscriber.disconnect();
    {
      MqttClient publisher = durable_client("publisher", version);
      publisher.send_publish({.topic = "once/topic", .payload = "once", .qos = 2, .packet_id = 33});
      publisher.await_ack(Type::Pubrec, 33);
      between(version);
    }
    MqttClient again = durable_client("publisher", version);
    ASSERT_TRUE(again.connack().session_present);
    for (int i = 0; i < 3; ++i) {
      again.send_publish({.topic = "once/topic", .payload = "once", .qos = 2, .dup = true, .packet_id = 33});
      again.await_ack(Type::Pubrec, 33);
    }
    again.send_ack(Type::Pubrel, 33);
    again.await_ack(Type::Pubcomp, 33);
    again.publish("once/topic", "end", 2);
    MqttClient back = durable_client("subscriber");
    EXPECT_EQ(back.receive_payloads(2), (std::vector<std::string>{"once", "end"}));
    back.expect_quiet(50ms);
  }
};

TEST_F(HostileResend, T26_AfterTakeover) {
  expect_once([&](Version version) { MqttClient other = durable_client("publisher", version); });
}

TEST_F(HostileResend, T26_AfterAPause) {
  expect_once([](Version) { std::this_thread::sleep_for(1500ms); });
}

TEST_F(HostileResend, T26_AfterARestartOfTheBroker) {
  HERMOD_NEEDS_OWN_BROKER();
  expect_once([&](Version) {
    broker().kill();
    broker().start();
  });
}

}  // namespace hermod::integration
