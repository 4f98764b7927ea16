#include <set>

#include "tests/support/broker_test.h"

namespace hermod::integration {

class SharedSubscription : public VersionedBrokerTest {
 protected:
  std::vector<MqttClient> members(std::size_t count, const std::string& filter, std::uint8_t qos) {
    std::vector<MqttClient> group;
    group.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      group.push_back(client("member-" + std::to_string(i), GetParam()));
      group.back().subscribe(filter, qos);
    }
    return group;
  }
  /// Everything the members got, each message acknowledged; ends when `count` came in.
  static std::vector<std::vector<std::string>> collect(std::vector<MqttClient>& group, std::size_t count) {
    std::vector<std::vector<std::string>> got(group.size());
    const auto deadline = Clock::now() + kPatience;
    std::size_t total = 0;
    while (total < count && Clock::now() < deadline) {
      for (std::size_t i = 0; i < group.size(); ++i) {
        while (const auto message = group[i].try_receive(5ms)) {
          got[i].push_back(message->payload);
          ++total;
        }
      }
    }
    return got;
  }
};

// 4.8.2
TEST_P(SharedSubscription, EachMessageGoesToOneMember) {
  for (std::uint8_t qos = 0; qos <= 2; ++qos) {
    std::vector<MqttClient> group = members(3, "$share/workers/job/+", qos);
    MqttClient publisher = client("publisher", GetParam());
    std::set<std::string> sent;
    for (int i = 0; i < 60; ++i) {
      const std::string payload = std::to_string(i);
      publisher.publish("job/" + std::to_string(i % 5), payload, qos);
      sent.insert(payload);
    }
    const auto got = collect(group, sent.size());
    std::set<std::string> all;
    for (const auto& part : got) {
      EXPECT_FALSE(part.empty()) << "a member without work";
      for (const std::string& payload : part)
        EXPECT_TRUE(all.insert(payload).second) << payload << " came twice";
    }
    EXPECT_EQ(all, sent);
    for (MqttClient& member : group) {
      member.expect_quiet(20ms);
      member.disconnect();
    }
  }
}

TEST_P(SharedSubscription, GroupsAndPlainSubscribersEachGetACopy) {
  MqttClient first = client("first", GetParam());
  first.subscribe("$share/one/news", 1);
  MqttClient second = client("second", GetParam());
  second.subscribe("$share/two/news", 1);
  MqttClient plain = client("plain", GetParam());
  plain.subscribe("news", 1);
  MqttClient publisher = client("publisher", GetParam());
  for (const char* payload : {"a", "b", "c"}) publisher.publish("news", payload, 1);
  const std::vector<std::string> all{"a", "b", "c"};
  EXPECT_EQ(first.receive_payloads(3), all);
  EXPECT_EQ(second.receive_payloads(3), all);
  EXPECT_EQ(plain.receive_payloads(3), all);
}

// One group name with two filters makes two groups.
TEST_P(SharedSubscription, FilterBelongsToTheGroup) {
  MqttClient first = client("first", GetParam());
  first.subscribe("$share/same/news/a", 1);
  MqttClient second = client("second", GetParam());
  second.subscribe("$share/same/news/+", 1);
  client("publisher", GetParam()).publish("news/a", "both", 1);
  EXPECT_EQ(first.receive().payload, "both");
  EXPECT_EQ(second.receive().payload, "both");
}

TEST_P(SharedSubscription, ClientWithBothKindsGetsBothCopies) {
  MqttClient both = client("both", GetParam());
  both.subscribe_all({{"$share/group/news", 1}, {"news", 1}});
  client("publisher", GetParam()).publish("news", "x", 1);
  EXPECT_EQ(both.receive_payloads(2), (std::vector<std::string>{"x", "x"}));
  both.expect_quiet(50ms);
}

TEST_P(SharedSubscription, UnsubscribeLeavesTheGroup) {
  std::vector<MqttClient> group = members(2, "$share/workers/job", 1);
  EXPECT_EQ(group[0].unsubscribe({"$share/workers/job"}).reasons,
            is_v5() ? std::vector<std::uint8_t>{0} : std::vector<std::uint8_t>{});
  MqttClient publisher = client("publisher", GetParam());
  for (int i = 0; i < 10; ++i) publisher.publish("job", std::to_string(i), 1);
  group[1].receive_payloads(10);
  group[0].expect_quiet(50ms);
}

// The plain filter and the shared one are different subscriptions.
TEST_P(SharedSubscription, UnsubscribingThePlainFilterDoesNotLeaveTheGroup) {
  MqttClient both = client("both", GetParam());
  both.subscribe_all({{"$share/group/news", 1}, {"news", 1}});
  both.unsubscribe({"news"});
  client("publisher", GetParam()).publish("news", "shared", 1);
  EXPECT_EQ(both.receive().payload, "shared");
  both.expect_quiet(50ms);
  both.unsubscribe({"$share/group/news"});
  client("publisher", GetParam()).publish("news", "none", 1);
  both.expect_quiet(50ms);
}

TEST_P(SharedSubscription, DisconnectedCleanMemberGetsNothing) {
  std::vector<MqttClient> group = members(3, "$share/workers/job", 1);
  group[1].disconnect();
  group.erase(group.begin() + 1);
  MqttClient publisher = client("publisher", GetParam());
  for (int i = 0; i < 30; ++i) publisher.publish("job", std::to_string(i), 1);
  const auto got = collect(group, 30);
  EXPECT_EQ(got[0].size() + got[1].size(), 30U);
}

// [MQTT-3.3.1-9] is for plain subscriptions: 3.3.1.3 leaves retained messages out for shared ones.
TEST_P(SharedSubscription, RetainedMessagesAreNotSent) {
  client("publisher", GetParam()).publish({.topic = "news", .payload = "kept", .qos = 1, .retain = true});
  MqttClient member = client("member", GetParam());
  member.subscribe("$share/group/news", 1);
  member.expect_quiet();
}

TEST_P(SharedSubscription, EachMemberHasItsOwnQos) {
  MqttClient low = client("low", GetParam());
  low.subscribe("$share/group/job", 0);
  MqttClient high = client("high", GetParam());
  high.subscribe("$share/group/job", 2);
  MqttClient publisher = client("publisher", GetParam());
  for (int i = 0; i < 20; ++i) publisher.publish("job", std::to_string(i), 2);
  int seen = 0;
  const auto deadline = Clock::now() + kPatience;
  while (seen < 20 && Clock::now() < deadline) {
    if (const auto message = low.try_receive(5ms)) {
      EXPECT_EQ(message->qos, 0);
      ++seen;
    }
    if (const auto message = high.try_receive(5ms)) {
      EXPECT_EQ(message->qos, 2);
      ++seen;
    }
  }
  EXPECT_EQ(seen, 20);
}

INSTANTIATE_TEST_SUITE_P(Main, SharedSubscription, main_versions());

using SharedSubscriptionOf5 = BrokerTest;

// [MQTT-3.8.3-4]
TEST_F(SharedSubscriptionOf5, NoLocalIsAProtocolError) {
  MqttClient member = client("member");
  member.raw().send(subscribe_bytes(Version::V5, 1, {{"$share/group/news", 1, kNoLocal}}));
  member.expect_ended({reason::kProtocolError});
}

TEST_F(SharedSubscriptionOf5, SubscriptionIdentifierComesWithTheMessage) {
  MqttClient member = client("member");
  member.subscribe("$share/group/news", 1, 0, Properties().add(property::kSubscriptionIdentifier, 42));
  member.publish("news", "x", 1);
  EXPECT_EQ(member.receive().properties.numbers(property::kSubscriptionIdentifier),
            std::vector<std::uint64_t>{42});
}

}  // namespace hermod::integration
