#include "retain/retained_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/retain/retained_messages.h"
#include "topic/matches.h"

namespace hermod::retain {
namespace {

constexpr WallTime kNow{};

std::vector<std::string> lookup(const RetainedIndex& index, std::string_view filter, std::size_t slice = 1000,
                                WallTime now = kNow) {
  RetainedCursor cursor;
  std::vector<queue::MessagePtr> found;
  while (!cursor.done()) EXPECT_LE(index.collect(filter_of(filter), cursor, slice, now, found), slice);
  std::vector<std::string> topics;
  for (const queue::MessagePtr& message : found) topics.emplace_back(message->topic());
  return topics;
}

using TopicList = std::vector<std::string>;

TEST(RetainedIndex, KeepsTheLastMessageOfATopic) {  // [MQTT-3.3.1-5]
  RetainedIndex index{Options{}};
  ASSERT_TRUE(index.set(message_of("a/b", "one")));
  ASSERT_TRUE(index.set(message_of("a/b", "three")));
  EXPECT_EQ(index.count(), 1U);
  EXPECT_EQ(index.bytes(), 3U + 5U);
  EXPECT_EQ(as_text(index.find("a/b")->payload()), "three");
  EXPECT_FALSE(index.find("a"));
}

TEST(RetainedIndex, EmptyPayloadClearsTheTopic) {  // [MQTT-3.3.1-6]
  RetainedIndex index{Options{}};
  ASSERT_TRUE(index.set(message_of("a/b")));
  ASSERT_TRUE(index.set(message_of("a/b", "")));
  ASSERT_TRUE(index.set(message_of("never", "")));
  EXPECT_EQ(index.count(), 0U);
  EXPECT_EQ(index.bytes(), 0U);
  EXPECT_EQ(lookup(index, "#"), TopicList{});
  ASSERT_TRUE(index.set(message_of("a/b")));
  EXPECT_TRUE(index.clear("a/b"));
  EXPECT_FALSE(index.clear("a/b"));
  EXPECT_EQ(index.count(), 0U);
}

TEST(RetainedIndex, LookupsFollowTheRulesOfFilters) {
  RetainedIndex index{Options{}};
  for (const char* topic :
       {"sport", "sport/tennis", "sport/tennis/p1", "sports", "sport!", "/finance", "$SYS/a", "z"}) {
    ASSERT_TRUE(index.set(message_of(topic)));
  }
  EXPECT_EQ(lookup(index, "sport/#"), (TopicList{"sport", "sport/tennis", "sport/tennis/p1"}));
  EXPECT_EQ(lookup(index, "sport/+"), (TopicList{"sport/tennis"}));
  EXPECT_EQ(lookup(index, "+"), (TopicList{"sport", "sport!", "sports", "z"}));
  EXPECT_EQ(lookup(index, "/+"), (TopicList{"/finance"}));
  EXPECT_EQ(lookup(index, "+/+"), (TopicList{"/finance", "sport/tennis"}));
  EXPECT_EQ(lookup(index, "sport"), (TopicList{"sport"}));
  EXPECT_EQ(lookup(index, "nothing"), TopicList{});
}

TEST(RetainedIndex, WildcardsAtTheFirstLevelDoNotReachReservedTopics) {  // [MQTT-4.7.2-1]
  RetainedIndex index{Options{}};
  for (const char* topic : {"!", "$SYS", "$SYS/a", "$dead/q", "%", "a"})
    ASSERT_TRUE(index.set(message_of(topic)));
  for (const std::size_t slice : {1U, 2U, 100U}) {
    EXPECT_EQ(lookup(index, "#", slice), (TopicList{"!", "%", "a"}));
    EXPECT_EQ(lookup(index, "+/#", slice), (TopicList{"!", "%", "a"}));
    EXPECT_EQ(lookup(index, "+/a", slice), TopicList{});
    EXPECT_EQ(lookup(index, "$SYS/#", slice), (TopicList{"$SYS", "$SYS/a"}));
  }
}

TEST(RetainedIndex, MessagesBeyondALimitAreRefusedAndChangeNothing) {
  RetainedIndex index{{.max_messages = 2, .max_bytes = 20}};
  ASSERT_TRUE(index.set(message_of("a", "123456789")));
  ASSERT_TRUE(index.set(message_of("b", "123456789")));
  EXPECT_EQ(index.check(*message_of("c", "1")).error().code, Errc::NoSpace);
  EXPECT_EQ(index.set(message_of("c", "1")).error().code, Errc::NoSpace);
  EXPECT_EQ(index.set(message_of("a", "1234567890")).error().code, Errc::NoSpace);
  EXPECT_EQ(as_text(index.find("a")->payload()), "123456789");
  EXPECT_TRUE(index.check(*message_of("a", "987654321")));
  EXPECT_TRUE(index.set(message_of("a", "987654321")));
  EXPECT_TRUE(index.set(message_of("c", "")));
  EXPECT_TRUE(index.set(message_of("b", "1")));
  EXPECT_TRUE(index.set(message_of("a", "")));
  EXPECT_TRUE(index.set(message_of("c", "1")));
  EXPECT_EQ(index.count(), 2U);
  EXPECT_EQ(index.bytes(), 4U);
}

TEST(RetainedIndex, WhatTheStoreHoldsIsRestoredBeyondTheLimitsAndMayShrink) {
  RetainedIndex index{{.max_messages = 1, .max_bytes = 5}};
  for (const char* topic : {"a", "b", "c"}) index.restore(message_of(topic, "12345"));
  EXPECT_EQ(index.count(), 3U);
  EXPECT_TRUE(index.set(message_of("a", "123")));
  EXPECT_FALSE(index.set(message_of("a", "1234")));
  EXPECT_FALSE(index.set(message_of("d", "1")));
}

TEST(RetainedIndex, ExpiredMessagesAreNotFoundByFilters) {  // 3.3.2.3.3
  RetainedIndex index{Options{}};
  ASSERT_TRUE(index.set(message_of("a", "x", at_second(10))));
  ASSERT_TRUE(index.set(message_of("b")));
  EXPECT_EQ(lookup(index, "#", 10, at_second(9)), (TopicList{"a", "b"}));
  EXPECT_EQ(lookup(index, "#", 10, at_second(10)), (TopicList{"b"}));
  EXPECT_EQ(lookup(index, "a", 10, at_second(9)), (TopicList{"a"}));
  EXPECT_EQ(lookup(index, "a", 10, at_second(10)), TopicList{});
}

TEST(RetainedIndex, PurgeTakesOutWhatIsExpiredInSlices) {
  RetainedIndex index{Options{}};
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(index.set(message_of("t/" + std::to_string(i), "x", at_second(100 - i))));
  }
  ASSERT_TRUE(index.set(message_of("t/9", "renewed", at_second(500))));
  ASSERT_TRUE(index.set(message_of("t/8", "stays")));
  EXPECT_TRUE(index.clear("t/7"));
  std::vector<RetainedIndex::Expired> removed;
  EXPECT_EQ(index.purge_expired(at_second(93), 10, removed), 0U);
  EXPECT_EQ(index.purge_expired(at_second(98), 3, removed), 3U);
  EXPECT_EQ(index.purge_expired(at_second(98), 3, removed), 2U);
  EXPECT_EQ(index.purge_expired(at_second(98), 3, removed), 0U);
  TopicList topics;
  for (const auto& expired : removed) topics.emplace_back(expired.message->topic());
  EXPECT_EQ(topics, (TopicList{"t/6", "t/5", "t/4", "t/3", "t/2"}));
  EXPECT_EQ(lookup(index, "t/#"), (TopicList{"t/0", "t/1", "t/8", "t/9"}));
}

TEST(RetainedIndex, TopicKeepsItsNumberWhileItHasAMessageOrARecordOnItsWay) {
  RetainedIndex index{Options{}};
  const std::uint64_t first = index.number_for("a");
  EXPECT_EQ(index.number_for("a"), first);  // set by two publishers at once
  EXPECT_NE(index.number_for("b"), first);
  ASSERT_TRUE(index.set(message_of("a", "1"), first));
  index.settle("a");
  EXPECT_TRUE(index.clear("a"));
  EXPECT_EQ(index.number_for("a"), first);  // the other publisher's record is still on its way
  index.settle("a");
  index.settle("a");
  EXPECT_NE(index.number_for("a"), first);  // its record is gone, and numbers are not used twice
}

TEST(RetainedIndex, AFirstMessageOnItsWayToTheStoreTakesAPlace) {
  RetainedIndex index{Options{.max_messages = 2}};
  const std::uint64_t first = index.number_for("a");
  index.number_for("end of nothing", /*is_kept=*/false);
  EXPECT_TRUE(index.check(*message_of("b", "1")));
  index.number_for("b");
  EXPECT_TRUE(index.check(*message_of("b", "2"))) << "it comes in place of the first";
  EXPECT_FALSE(index.check(*message_of("c", "1")));
  index.settle("b");  // it failed
  EXPECT_TRUE(index.check(*message_of("c", "1")));
  ASSERT_TRUE(index.set(message_of("a", "1"), first));
  EXPECT_TRUE(index.check(*message_of("c", "1"))) << "it has its place once";
  index.settle("a");
  index.settle("end of nothing");
  index.number_for("c");
  EXPECT_FALSE(index.check(*message_of("d", "1")));
}

TEST(RetainedIndex, AMessageOnItsWayKeepsThePlaceThatIsClearedBeforeIt) {
  RetainedIndex index{Options{.max_messages = 1}};
  index.restore(message_of("a", "1"), 1);
  index.number_for("a", /*is_kept=*/false);
  index.number_for("a");
  index.clear("a");
  EXPECT_FALSE(index.check(*message_of("b", "1")));
  index.settle("a");
  index.restore(message_of("a", "2"), 1);
  index.settle("a");
  EXPECT_FALSE(index.check(*message_of("b", "1")));
  index.clear("a");
  EXPECT_TRUE(index.check(*message_of("b", "1")));
}

TEST(RetainedIndex, RestoredNumberIsNotGivenToAnotherTopic) {
  RetainedIndex index{Options{}};
  index.restore(message_of("a", "1"), 7);
  EXPECT_EQ(index.number_for("a"), 7U);
  EXPECT_GT(index.number_for("b"), 7U);
}

TEST(RetainedIndex, MessageWithARecordOnItsWayIsNotPurged) {
  RetainedIndex index{Options{}};
  const std::uint64_t number = index.number_for("a");
  ASSERT_TRUE(index.set(message_of("a", "1", at_second(1)), number));
  std::vector<RetainedIndex::Expired> removed;
  EXPECT_EQ(index.purge_expired(at_second(2), 10, removed), 0U);
  index.settle("a");
  EXPECT_EQ(index.purge_expired(at_second(2), 10, removed), 1U);
  EXPECT_EQ(removed.at(0).number, number);
}

TEST(RetainedIndex, LookupLooksOnlyWhereMatchesCanBe) {
  RetainedIndex index{Options{}};
  for (int room = 0; room < 100; ++room) {
    for (int sensor = 0; sensor < 100; ++sensor) {
      index.restore(message_of("room" + std::to_string(room) + "/s" + std::to_string(sensor)));
    }
  }
  std::vector<queue::MessagePtr> found;
  RetainedCursor one_sensor;
  EXPECT_LE(index.collect(filter_of("+/s50"), one_sensor, 100'000, kNow, found), 300U);
  EXPECT_EQ(found.size(), 100U);
  RetainedCursor one_room;
  EXPECT_LE(index.collect(filter_of("room7/#"), one_room, 100'000, kNow, found), 101U);
  EXPECT_EQ(found.size(), 200U);
}

TEST(RetainedIndex, DeepTopicsNeedNoRecursion) {
  RetainedIndex index{Options{}};
  const std::string slashes(65534, '/');
  index.restore(message_of(slashes));
  index.restore(message_of("a"));
  EXPECT_EQ(lookup(index, "#").size(), 2U);
  EXPECT_TRUE(lookup(index, slashes + "+") == TopicList{slashes});
  EXPECT_TRUE(lookup(index, slashes.substr(1) + "+").empty());
}

class RandomLookupTest : public ::testing::TestWithParam<std::uint32_t> {};

// A model beside the index; between the slices of a lookup others set and clear.
TEST_P(RandomLookupTest, EveryTopicThatStaysIsFoundOnceWhateverOthersDo) {
  RandomTexts random(GetParam());
  RetainedIndex index{Options{}};
  std::map<std::string, queue::MessagePtr> model;
  const auto change = [&](std::set<std::string>* touched) {
    const std::string topic = random.topic();
    if (touched != nullptr) touched->insert(topic);
    if (random.below(2) == 0) {
      ASSERT_EQ(index.clear(topic), model.erase(topic) > 0);
    } else {
      model[topic] = message_of(topic, std::to_string(random.below(1000)));
      ASSERT_TRUE(index.set(model[topic]));
    }
  };
  for (int i = 0; i < 400; ++i) change(nullptr);
  for (int round = 0; round < 80; ++round) {
    const std::string text = random.filter();
    const topic::TopicFilter filter = filter_of(text);
    const std::map<std::string, queue::MessagePtr> before = model;
    std::set<std::string> touched;
    const std::uint32_t changes = random.below(3) * 4;
    const std::size_t slice = 1 + random.below(12);
    RetainedCursor cursor;
    std::vector<queue::MessagePtr> found;
    while (!cursor.done()) {
      const std::size_t found_before = found.size();
      const std::size_t looked_at = index.collect(filter, cursor, slice, kNow, found);
      ASSERT_LE(looked_at, slice);
      ASSERT_LE(found.size() - found_before, looked_at);
      for (std::uint32_t i = 0; i < changes; ++i) change(&touched);
    }
    std::set<std::string> topics;
    for (const queue::MessagePtr& message : found) {
      const std::string topic(message->topic());
      ASSERT_TRUE(topics.insert(topic).second) << topic << " came twice for " << text;
      ASSERT_TRUE(topic::matches(filter, topic::TopicName::parse(topic).value())) << topic << " for " << text;
      if (!touched.contains(topic)) {
        ASSERT_EQ(message, before.at(topic));
      }
    }
    for (const auto& [topic, message] : before) {
      if (touched.contains(topic)) continue;
      if (topic::matches(filter, topic::TopicName::parse(topic).value())) {
        ASSERT_TRUE(topics.contains(topic)) << topic << " was left out for " << text;
      }
    }
  }
  std::uint64_t bytes = 0;
  for (const auto& [topic, message] : model) {
    ASSERT_EQ(index.find(topic), message);
    bytes += message->size();
  }
  EXPECT_EQ(index.count(), model.size());
  EXPECT_EQ(index.bytes(), bytes);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomLookupTest, ::testing::Range(1U, 11U));

TEST(RetainedIndex, ShardsMaySetClearPurgeAndLookUpAtOnce) {
  RetainedIndex index{Options{}};
  constexpr int kFixed = 50;
  for (int i = 0; i < kFixed; ++i) index.restore(message_of("fixed/" + std::to_string(i)));
  std::atomic<int> running{2};
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (std::uint32_t writer = 0; writer < 2; ++writer) {
    threads.emplace_back([&, writer] {
      RandomTexts random(writer);
      std::vector<RetainedIndex::Expired> removed;
      for (int i = 0; i < 4000; ++i) {
        const std::string topic = "fixed/" + std::to_string(random.below(kFixed)) + "/" + random.topic();
        if (!index.set(message_of(topic, "y", at_second(random.below(100))))) ++wrong;
        if (i % 3 == 0) index.clear(topic);
        if (i % 10 == 0) index.purge_expired(at_second(50), 20, removed);
      }
      --running;
    });
  }
  for (int reader = 0; reader < 2; ++reader) {
    threads.emplace_back([&] {
      do {
        if (lookup(index, "fixed/+", 7).size() != kFixed) ++wrong;
      } while (running.load() > 0);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong.load(), 0);
  std::vector<RetainedIndex::Expired> removed;
  while (index.purge_expired(at_second(100), 100, removed) > 0) {
  }
  EXPECT_EQ(index.count(), static_cast<std::size_t>(kFixed));
}

}  // namespace
}  // namespace hermod::retain
