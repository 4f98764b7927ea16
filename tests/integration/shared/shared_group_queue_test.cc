#include "tests/support/broker_test.h"

namespace hermod::integration {

using SharedGroupQueue = VersionedBrokerTest;

// Section 2 of the queue core: messages wait in the group's queue while no member is online.
TEST_P(SharedGroupQueue, MessagesWaitForTheFirstMemberThatComesBack) {
  for (const char* id : {"first", "second"}) {
    MqttClient member = durable_client(id, GetParam());
    member.subscribe("$share/workers/job", 1);
    member.disconnect();
  }
  MqttClient publisher = client("publisher");
  std::vector<std::string> sent;
  for (int i = 0; i < 20; ++i) {
    sent.push_back(std::to_string(i));
    EXPECT_EQ(publisher.publish("job", sent.back(), 1).reason, 0);
  }
  MqttClient back = durable_client("second", GetParam());
  EXPECT_EQ(back.receive_payloads(sent.size()), sent);
  MqttClient late = durable_client("first", GetParam());
  late.expect_quiet(100ms);
}

TEST_P(SharedGroupQueue, OfflineMemberGetsNothingWhileAnotherIsOnline) {
  {
    MqttClient member = durable_client("asleep", GetParam());
    member.subscribe("$share/workers/job", 1);
    member.disconnect();
  }
  MqttClient online = durable_client("online", GetParam());
  online.subscribe("$share/workers/job", 1);
  MqttClient publisher = client("publisher");
  std::vector<std::string> sent;
  for (int i = 0; i < 20; ++i) {
    sent.push_back(std::to_string(i));
    publisher.publish("job", sent.back(), 1);
  }
  EXPECT_EQ(online.receive_payloads(sent.size()), sent);
  durable_client("asleep", GetParam()).expect_quiet(100ms);
}

TEST_P(SharedGroupQueue, WaitingMessagesSurviveARestart) {
  HERMOD_NEEDS_OWN_BROKER();
  {
    MqttClient member = durable_client("member", GetParam());
    member.subscribe("$share/workers/job", 1);
    member.disconnect();
    MqttClient publisher = client("publisher");
    for (int i = 0; i < 10; ++i) publisher.publish("job", std::to_string(i), 1);
  }
  broker().kill();
  broker().start();
  MqttClient member = durable_client("member", GetParam());
  for (int i = 0; i < 10; ++i) EXPECT_EQ(member.receive().payload, std::to_string(i));
}

INSTANTIATE_TEST_SUITE_P(Main, SharedGroupQueue, main_versions());

using SharedGroupWindow = BrokerTest;

// A member with a full window does not hold up the others.
TEST_F(SharedGroupWindow, BusyMemberIsPassedOver) {
  ConnectOptions options{.client_id = "busy"};
  options.properties.add(property::kReceiveMaximum, 1);
  MqttClient busy = connect(options);
  busy.subscribe("$share/workers/job", 1);
  client("publisher").publish("job", "held", 1);
  busy.receive_unacknowledged();
  MqttClient idle = client("idle");
  idle.subscribe("$share/workers/job", 1);
  MqttClient publisher = client("publisher");
  for (int i = 0; i < 20; ++i) publisher.publish("job", std::to_string(i), 1);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(idle.receive().payload, std::to_string(i));
  busy.expect_quiet(20ms);
}

}  // namespace hermod::integration
