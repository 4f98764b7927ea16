// Retained messages that are due to a session outlive its connection. [MQTT-3.3.1-9]

#include <algorithm>
#include <set>

#include "tests/unit/broker/path_fixture.h"

namespace hermod::broker::testing {
namespace {

constexpr std::size_t kMany = 1500;

class RetainedResume : public PathTest, public ::testing::WithParamInterface<std::size_t> {
 protected:
  RetainedResume() {
    options_.threads = 2;
    options_.limits.outbound_buffer = 16 * 1024;
    options_.session.receive_maximum = 65535;
  }
  /// Many retained messages, of which a durable client has been sent some when its connection breaks.
  void read_some(QoS qos) {
    source_.emplace(login("source"));
    for (std::size_t i = 0; i < kMany; ++i) retain("a/" + std::to_string(1000 + i), "old");
    settle();
    FakeClient client = call({.client_id = "c", .durable = true, .room = 300});
    settle();
    client.subscribe({9}, {{"#", qos}});
    settle();
    take(client);
    client.peer().drop(0);
    settle();
  }
  void retain(const std::string& topic, const std::string& payload) {
    publish(*source_, {.topic = topic, .payload = payload, .qos = kQoS1, .id = ++last_id_, .retain = true});
  }
  void take(FakeClient& client) {
    for (const auto& packet : client.receive()) {
      if (packet.type != PacketType::Publish) continue;
      topics_.insert(packet.topic);
      values_.push_back(packet.topic + "=" + packet.payload);
      client.ack(PacketType::Puback, packet.id);
    }
  }
  /// The client comes back on the shard of the parameter and reads everything.
  FakeClient come_back(bool clean = false) {
    FakeClient client = call({.client_id = "c", .durable = true, .clean = clean, .shard = GetParam()});
    read_all(client);
    return client;
  }
  void read_all(FakeClient& client) {
    for (int i = 0; i < 50; ++i) {
      settle();
      take(client);
    }
  }
  std::optional<FakeClient> source_;
  std::set<std::string> topics_;
  std::vector<std::string> values_;
  std::uint16_t last_id_ = 0;
};
INSTANTIATE_TEST_SUITE_P(NextConnectionOnShard, RetainedResume, ::testing::Values(0, 1));

TEST_P(RetainedResume, TheRestComesOnTheNextConnection) {
  read_some(kQoS1);
  come_back();
  EXPECT_EQ(topics_.size(), kMany);
}

TEST_P(RetainedResume, WhatChangedMeanwhileComesAliveAndNotStale) {
  read_some(kQoS1);
  retain("a/2499", "new");
  settle();
  come_back();
  EXPECT_EQ(std::count(values_.begin(), values_.end(), "a/2499=new"), 1);
  EXPECT_EQ(std::count(values_.begin(), values_.end(), "a/2499=old"), 0);
}

TEST_P(RetainedResume, ACleanStartForgetsThem) {
  read_some(kQoS1);
  topics_.clear();
  come_back(/*clean=*/true);
  EXPECT_EQ(topics_.size(), 0U);
}

TEST_P(RetainedResume, UnsubscribeForgetsThem) {
  read_some(kQoS1);
  FakeClient client = call({.client_id = "c", .durable = true, .shard = GetParam()});
  client.unsubscribe({10}, {"#"});
  read_all(client);
  EXPECT_LT(topics_.size(), kMany) << "what was in the queue, and no more";
}

TEST_P(RetainedResume, AtQoS0TheyEndWithTheConnection) {
  read_some(kQoS0);
  topics_.clear();
  come_back();
  EXPECT_EQ(topics_.size(), 0U);
}

}  // namespace
}  // namespace hermod::broker::testing
