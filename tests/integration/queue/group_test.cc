// Consumer groups of streams of the real broker: each entry to one member, over stops and kills.

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <set>

#include "tests/integration/queue/stream_test.h"

namespace hermod::integration {
namespace {

constexpr std::string_view kGroup = "$share/work/$stream/orders/@earliest";

}  // namespace

class StreamGroup : public StreamTest {
 protected:
  MqttClient member(const std::string& client_id, std::string_view filter = kGroup) {
    MqttClient joined = client(client_id, GetParam());
    joined.subscribe(filter, 1);
    return joined;
  }
};

TEST_P(StreamGroup, EachEntryGoesToOneMemberAndEachGroupGetsAll) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(stream_of_the_shop({{"order", "none"}}));
  publish(1, 60);
  MqttClient anna = member("anna");
  MqttClient bert = member("bert");
  MqttClient other = member("other", "$share/audit/$stream/orders/@offset:31");
  std::vector<std::string> all;
  while (all.size() < 60)
    for (MqttClient* one : {&anna, &bert})
      while (auto message = one->try_receive(20ms)) all.push_back(message->payload);
  EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), 60U);
  std::vector<std::string> by_other = other.receive_payloads(30);
  EXPECT_EQ(by_other, counted_up(31, 60));
}

TEST_P(StreamGroup, GoesOnExactlyWhereItStoodBehindAStop) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(stream_of_the_shop());
  publish(1, 20);
  {
    MqttClient anna = member("anna");
    EXPECT_EQ(anna.receive_payloads(7), counted_up(1, 7)) << "one key: in order";
    anna.ping();  // its answers have been read
    anna.drop();
  }
  broker().stop();
  broker().start();
  MqttClient bert = member("bert");
  EXPECT_EQ(bert.receive_payloads(13), counted_up(8, 20));
}

TEST_P(StreamGroup, MissesNothingBehindAKill) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(stream_of_the_shop());
  publish(1, 20);
  MqttClient anna = member("anna");
  EXPECT_EQ(anna.receive_payloads(10), counted_up(1, 10));
  broker().kill();
  broker().start();
  MqttClient bert = member("bert", "$share/work/$stream/orders/@latest");
  std::vector<std::string> got;
  do got.push_back(bert.receive().payload);
  while (got.back() != "20");
  const int first = std::stoi(got.front());
  EXPECT_LE(first, 11) << "nothing is missed";
  EXPECT_EQ(got, counted_up(first, 20));
}

TEST_P(StreamGroup, AKillBringsBackLittle) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(stream_of_the_shop());
  publish(1, 20);
  MqttClient anna = member("anna");
  EXPECT_EQ(anna.receive_payloads(10), counted_up(1, 10));
  publish(21, 21);  // what was settled before it is on its way to the journal before it, and this is synced
  broker().kill();
  broker().start();
  MqttClient bert = member("bert");
  EXPECT_GE(std::stoi(bert.receive().payload), 5);
}

INSTANTIATE_TEST_SUITE_P(Versions, StreamGroup, main_versions());

class StreamGroupOfTheBroker : public BrokerTest {};

TEST_F(StreamGroupOfTheBroker, WhatItGivesUpIsADeadLetterOnce) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(stream_of_the_shop());
  client("publisher").publish("shop/a", "bad", 1);
  MqttClient anna = client("anna");
  anna.subscribe(kGroup, 1);
  const Message bad = anna.receive_unacknowledged();
  anna.send_ack(Type::Puback, bad.packet_id, 0x90);
  MqttClient letters = client("letters");
  letters.subscribe("$queue/orders.dlq", 1);
  const Message dead = letters.receive();
  EXPECT_EQ(dead.payload, "bad");
  EXPECT_EQ(said(dead, "x-first-death-reason"), "rejected");
  broker().kill();
  broker().start();
  MqttClient bert = client("bert");
  bert.subscribe(kGroup, 1);
  bert.expect_quiet();
}

TEST_F(StreamGroupOfTheBroker, ItsBacklogStaysInTheStore) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(stream_of_the_shop({{"order", "none"}}));
  constexpr int kBacklog = 20'000;
  {
    MqttClient publisher = client("publisher");
    for (int i = 1; i <= kBacklog; ++i) publisher.publish("shop/a", std::to_string(i), 0);
  }
  MqttClient anna = client("anna");
  anna.subscribe(kGroup, 1);
  std::set<std::string> all;
  while (all.size() < kBacklog) ASSERT_TRUE(all.insert(anna.receive().payload).second);
}

TEST_F(StreamGroupOfTheBroker, EightMembersComeAndGoAndTheBrokerIsKilled) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(stream_of_the_shop({{"max_inflight", "4"}}));
  constexpr int kKeys = 10;
  constexpr int kOfEach = 40;
  {
    MqttClient publisher = client("publisher");
    for (int i = 0; i < kOfEach; ++i)
      for (int key = 0; key < kKeys; ++key)
        publisher.publish(keyed("shop/a", std::to_string(i), std::to_string(key)));
  }
  std::vector<std::optional<MqttClient>> members(8);
  std::map<std::string, int> last;  ///< of each key: the newest that was acknowledged
  std::size_t done = 0;
  int kills = 0;
  std::mt19937 random(42);
  for (int round = 0; done < kKeys * kOfEach; ++round) {
    ASSERT_LT(round, 20'000) << done;
    if (done * 4 / (kKeys * kOfEach) > static_cast<std::size_t>(kills)) {
      for (auto& member : members) member.reset();
      broker().kill();
      broker().start();
      ++kills;
    }
    auto& member = members[random() % members.size()];
    if (!member) {
      member.emplace(client("member-" + std::to_string(round)));
      member->subscribe(kGroup, 1);
    } else if (random() % 25 == 0) {
      member->drop();
      member.reset();
    } else if (const auto message = member->try_receive(3ms)) {
      const std::string key = *said(*message, "key");
      const int number = std::stoi(message->payload);
      auto& newest = last.try_emplace(key, -1).first->second;
      ASSERT_LE(number, newest + 1) << "key " << key << ": none is passed over";
      if (number == newest + 1) ++done;
      newest = std::max(newest, number);
    }
  }
  EXPECT_EQ(kills, 3);
  for (const auto& [key, newest] : last) EXPECT_EQ(newest, kOfEach - 1) << key;
}

}  // namespace hermod::integration
