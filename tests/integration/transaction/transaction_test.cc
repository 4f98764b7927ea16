// Transactions of a real broker: nothing is seen before the commit, then everything; what a restart and a
// kill leave of them; what is refused; and what producers are asked.

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/broker_test.h"

namespace hermod::integration {

class Transactions : public VersionedBrokerTest {
 protected:
  static std::string prepare(const std::string& id, const std::string& topic) {
    return "$tx/" + id + "/prepare/" + topic;
  }
  void crash() {
    broker().kill();
    broker().start();
  }
};

TEST_P(Transactions, NothingIsSeenBeforeTheCommitAndThenAllInOrder) {
  HERMOD_NEEDS_OWN_BROKER();
  MqttClient reader = client("reader", GetParam());
  reader.subscribe("shop/#", 2);
  MqttClient sender = client("sender", GetParam());
  for (const std::uint8_t qos : {std::uint8_t{0}, std::uint8_t{1}, std::uint8_t{2}})
    sender.publish(prepare("1", "shop/a"), std::to_string(qos), qos);
  sender.publish("shop/b", "seen", 1);
  EXPECT_EQ(reader.receive().payload, "seen");
  sender.publish("$tx/1/commit", "", 2);
  EXPECT_EQ(reader.receive_payloads(3), (std::vector<std::string>{"0", "1", "2"}));
  sender.publish(prepare("2", "shop/a"), "never", 1);
  sender.publish("$tx/2/rollback", "", 1);
  reader.expect_quiet();
}

TEST_P(Transactions, AnOpenOneSurvivesAKillAndIsCommittedOnceHoweverOftenItIsSaid) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with({{"queues.orders.bind", "shop/#"}});
  {
    MqttClient reader = durable_client("reader", GetParam());
    reader.subscribe("shop/#", 2);
    MqttClient sender = client("sender", GetParam());
    sender.publish(prepare("1", "shop/a"), "x", 2);
    sender.publish(prepare("1", "shop/b"), "y", 1);
  }
  crash();
  {
    MqttClient sender = client("sender", GetParam());
    sender.publish(prepare("1", "shop/a"), "z", 1);
    sender.publish("$tx/1/commit", "", 1);
  }
  crash();
  MqttClient sender = client("sender", GetParam());
  sender.publish("$tx/1/commit", "", 2);
  const std::vector<std::string> all{"x", "y", "z"};
  MqttClient reader = durable_client("reader", GetParam());
  EXPECT_EQ(reader.receive_payloads(3), all);
  reader.expect_quiet();
  MqttClient worker = client("worker", GetParam());
  worker.subscribe("$queue/orders", 1);
  EXPECT_EQ(worker.receive_payloads(3), all);
  worker.expect_quiet();
}

TEST_P(Transactions, KilledWhileItCommitsAllOfItIsThereOrNothing) {
  HERMOD_NEEDS_OWN_BROKER();
  constexpr std::size_t kMessages = 50;
  {
    MqttClient reader = durable_client("reader", GetParam());
    reader.subscribe("shop/#", 1);
  }
  for (const int after : {0, 1, 2, 4}) {
    const std::string id = "t" + std::to_string(after);
    {
      MqttClient sender = client("sender", GetParam());
      for (std::size_t i = 0; i < kMessages; ++i) sender.publish(prepare(id, "shop/a"), std::to_string(i), 1);
      sender.publish("$tx/" + id + "/commit", "", 0);
      std::this_thread::sleep_for(std::chrono::milliseconds(after));
    }
    crash();
    MqttClient sender = client("sender", GetParam());
    sender.publish("$tx/" + id + "/commit", "", 1);
    MqttClient back = durable_client("reader", GetParam());
    std::vector<std::string> wanted;
    for (std::size_t i = 0; i < kMessages; ++i) wanted.push_back(std::to_string(i));
    EXPECT_EQ(back.receive_payloads(kMessages), wanted);
    back.expect_quiet(Millis(100));
    back.disconnect();
  }
}

TEST_P(Transactions, AFullQueueRefusesItAndNothingOfItIsSeen) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with({{"queues.orders.bind", "shop/a"}, {"queues.orders.max_length", "1"}});
  MqttClient reader = client("reader", GetParam());
  reader.subscribe("shop/#", 1);
  MqttClient sender = client("sender", GetParam());
  sender.publish(prepare("1", "shop/b"), "1", 1);
  sender.publish(prepare("1", "shop/a"), "2", 1);
  sender.publish(prepare("1", "shop/a"), "3", 1);
  if (is_v5()) {
    EXPECT_EQ(sender.publish("$tx/1/commit", "", 1).reason, 0x97);
    EXPECT_EQ(sender.publish("$tx/1/rollback", "", 1).reason, 0);
    EXPECT_EQ(sender.publish("$tx/1/commit", "", 1).reason, 0x83);
  } else {
    sender.publish("$tx/1/commit", "", 0);
    sender.publish("shop/c", "4", 1);
    EXPECT_EQ(reader.receive().payload, "4");
  }
  reader.expect_quiet();
}

TEST_P(Transactions, WhoIsSilentIsAskedAndThenItIsRolledBack) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with({{"txn.check_after", "300ms"}, {"txn.check_interval", "300ms"}, {"txn.check_max", "2"}});
  MqttClient watcher = client("watcher", GetParam());
  watcher.subscribe("$events/txn/rolled-back", 0);
  MqttClient keeper = client("keeper", GetParam());
  keeper.subscribe("$tx/check/sender", 1);
  MqttClient reader = client("reader", GetParam());
  reader.subscribe("shop/#", 1);
  {
    MqttClient sender = client("sender", GetParam());
    sender.publish(prepare("1", "shop/a"), "decided", 1);
    sender.publish(prepare("2", "shop/a"), "lost", 1);
  }
  std::vector<std::string> questions{keeper.receive().payload, keeper.receive().payload};
  std::sort(questions.begin(), questions.end());
  EXPECT_NE(questions[0].find(R"("txn-id":"1","messages":1)"), std::string::npos) << questions[0];
  EXPECT_NE(questions[1].find(R"("txn-id":"2","messages":1)"), std::string::npos) << questions[1];
  keeper.publish("$tx/1/outcome", "commit", 1);
  EXPECT_EQ(reader.receive().payload, "decided");
  EXPECT_NE(keeper.receive().payload.find(R"("txn-id":"2")"), std::string::npos);
  keeper.publish("$tx/2/outcome", "unknown", 1);
  EXPECT_NE(watcher.receive().payload.find(R"("txn-id":"2")"), std::string::npos);
  reader.expect_quiet();
}

TEST_P(Transactions, T50_WhatIsMeantForTheBrokerCannotBePrepared) {
  HERMOD_NEEDS_OWN_BROKER();
  for (const char* topic : {"$tx/1/prepare/$SYS/a", "$tx/1/prepare/$queue/orders/$nack", "$tx/1/prepare/",
                            "$tx/1/prepare/$tx/2/commit", "$tx/1/prepare/$CONTROL/queue/v1", "$tx//commit",
                            "$tx/1/prepare/$delayed/-1/a", "$tx/check/orders", "$tx/1", "$tx/"}) {
    MqttClient sender = client("sender", GetParam());
    if (is_v5()) {
      EXPECT_EQ(sender.publish(topic, "1", 1).reason, 0x90) << topic;
    } else {
      sender.publish(topic, "1", 0);
      sender.expect_ended({});
    }
  }
  expect_service();
}

TEST_F(BrokerTest, UserPropertiesSayTheSameOfTransactions) {
  HERMOD_NEEDS_OWN_BROKER();
  MqttClient reader = client("reader");
  reader.subscribe("shop/#", 1);
  MqttClient sender = client("sender");
  const auto say = [&](const char* verb, const char* payload) {
    PublishOptions said{.topic = "shop/a", .payload = payload, .qos = 1};
    said.properties.user("txn", verb);
    said.properties.user("txn-id", "order-7");
    said.properties.user("producer-group", "till");
    return sender.publish(said).reason;
  };
  EXPECT_EQ(say("prepare", "1"), 0);
  EXPECT_EQ(say("prepare", "2"), 0);
  EXPECT_EQ(say("commit", "not published"), 0);
  EXPECT_EQ(reader.receive_payloads(2), (std::vector<std::string>{"1", "2"}));
  reader.expect_quiet();
  EXPECT_EQ(say("commit", ""), 0) << "again";
  EXPECT_EQ(say("rollback", ""), 0x83);
  EXPECT_EQ(say("begin", ""), 0x83);
}

TEST_F(BrokerTest, NoMoreTransactionsAreOpenThanMay) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with({{"txn.max_open_per_client", "1"}, {"txn.max_messages", "2"}, {"txn.max_bytes", "1KiB"}});
  MqttClient sender = client("sender");
  EXPECT_EQ(sender.publish("$tx/1/prepare/a", "1", 1).reason, 0);
  EXPECT_EQ(sender.publish("$tx/2/prepare/a", "1", 1).reason, 0x97);
  EXPECT_EQ(sender.publish("$tx/1/prepare/a", std::string(2000, 'x'), 1).reason, 0x97);
  broker().kill();
  broker().start();
  MqttClient back = client("sender");
  EXPECT_EQ(back.publish("$tx/2/prepare/a", "1", 1).reason, 0x97);
  EXPECT_EQ(back.publish("$tx/1/prepare/a", "2", 1).reason, 0);
  EXPECT_EQ(back.publish("$tx/1/prepare/a", "3", 1).reason, 0x97);
  EXPECT_EQ(back.publish("$tx/1/rollback", "", 1).reason, 0);
  EXPECT_EQ(back.publish("$tx/2/prepare/a", "1", 1).reason, 0);
}

TEST_F(BrokerTest, WithoutAStoreTransactionsAreKeptInMemory) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with({{"store.data_dir", ""}});
  MqttClient reader = client("reader");
  reader.subscribe("shop/#", 1);
  MqttClient sender = client("sender");
  for (const char* payload : {"1", "2"})
    EXPECT_EQ(sender.publish("$tx/1/prepare/shop/a", payload, 2).reason, 0);
  reader.expect_quiet(Millis(100));
  EXPECT_EQ(sender.publish("$tx/1/commit", "", 1).reason, 0);
  EXPECT_EQ(reader.receive_payloads(2), (std::vector<std::string>{"1", "2"}));
  EXPECT_EQ(sender.publish("$tx/2/prepare/shop/a", "3", 1).reason, 0);
  EXPECT_EQ(sender.publish("$tx/2/rollback", "", 1).reason, 0);
  reader.expect_quiet();
}

INSTANTIATE_TEST_SUITE_P(AllVersions, Transactions, main_versions());

}  // namespace hermod::integration
