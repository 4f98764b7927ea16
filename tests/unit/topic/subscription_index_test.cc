#include "topic/subscription_index.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/topic/index_model.h"

namespace hermod::topic {
namespace {

TEST(SubscriptionIndex, ABindingIsFoundAndNotCounted) {
  SubscriptionIndex index;
  SubscriptionChange binding = set("a", 7);
  binding.is_binding = true;
  const std::vector<SubscriptionChange> changes = {set("a", 1), binding, binding};
  index.apply(changes);
  EXPECT_EQ(index.subscription_count(), 1U);
  FakeSelector selector;
  MatchSet found;
  index.match(name_of("a"), {}, selector, found);
  EXPECT_EQ(found.size(), 2U);
  binding.kind = SubscriptionChange::Kind::Remove;
  const std::vector<SubscriptionChange> ends = {binding, binding, remove("a", 1)};
  index.apply(ends);
  EXPECT_EQ(index.subscription_count(), 0U);
}

TEST(SubscriptionIndex, WhoListensToTheBrokerIsKnownWithoutALook) {
  SubscriptionIndex index;
  const auto apply = [&](const SubscriptionChange& change) {
    const std::vector<SubscriptionChange> changes = {change};
    index.apply(changes);
  };
  for (const char* filter : {"#", "+/a", "$events", "$eventsful/a", "a/$events/b", "$SYS/#"}) {
    apply(set(filter, 1));
    EXPECT_FALSE(index.is_heard(BrokerTopics::Events)) << filter;
  }
  apply(set("$events/#", 1));
  apply(set("$events/#", 1));
  apply(set("$share/g/$events/queue/full", 2));
  EXPECT_TRUE(index.is_heard(BrokerTopics::Events));
  EXPECT_FALSE(index.is_heard(BrokerTopics::Dropped));
  apply(set("$dropped/a/b", 1));
  EXPECT_TRUE(index.is_heard(BrokerTopics::Dropped));
  EXPECT_FALSE(index.is_heard(BrokerTopics::Expired));
  EXPECT_FALSE(index.is_heard(BrokerTopics::Dead));
  apply(remove("$events/#", 1));
  apply(remove("$events/#", 1));
  EXPECT_TRUE(index.is_heard(BrokerTopics::Events)) << "the other is there";
  apply(remove("$share/g/$events/queue/full", 2));
  EXPECT_FALSE(index.is_heard(BrokerTopics::Events));
}

TEST(SubscriptionIndex, BatchIsMadeInOrderWithOneOutcomeEach) {
  SubscriptionIndex index;
  const std::vector<SubscriptionChange> changes = {set("a", 1),    set("a", 1),          remove("a", 1),
                                                   remove("a", 1), set("$share/g/a", 2), set("b/+", 3)};
  EXPECT_EQ(index.apply(changes).outcomes,
            (std::vector{ChangeOutcome::Added, ChangeOutcome::Replaced, ChangeOutcome::Removed,
                         ChangeOutcome::NotFound, ChangeOutcome::Added, ChangeOutcome::Added}));
  EXPECT_EQ(index.subscription_count(), 2U);
  EXPECT_EQ(index.shared_subscription_count(), 1U);
  FakeSelector selector;
  MatchSet found;
  index.match(name_of("a"), {}, selector, found);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(index.group_name(found[0].group)->share_name, "g");
  EXPECT_TRUE(index.pick(parse_subscription("$share/g/a").value(), selector, found));
  EXPECT_FALSE(index.group_name({999}));
}

TEST(SubscriptionIndex, VersionChangesWithEveryBatchThatChangedAnything) {
  SubscriptionIndex index;
  const std::uint64_t before = index.version();
  index.apply(std::vector{remove("a", 1)});
  EXPECT_EQ(index.version(), before);
  index.apply(std::vector{set("a", 1)});
  const std::uint64_t added = index.version();
  EXPECT_NE(added, before);
  index.apply(std::vector{set("a", 1)});
  EXPECT_NE(index.version(), added);
}

TEST(SubscriptionIndex, MatchesSeeBatchesWholeWhileShardsChangeThem) {
  // Each writer subscribes its session to two overlapping filters in one batch and leaves both in another, so
  // a match finds both identifiers or neither.
  SubscriptionIndex index;
  constexpr std::uint64_t kWriters = 2;
  constexpr int kRounds = 3000;
  std::atomic<std::uint64_t> running{kWriters};
  std::atomic<int> seen_in_full{0};
  std::atomic<int> torn{0};
  std::vector<std::thread> threads;
  index.apply(std::vector{set("$share/g/t/#", 100), set("$share/g/t/#", 101)});
  for (std::uint64_t writer = 1; writer <= kWriters; ++writer) {
    threads.emplace_back([&, writer] {
      for (int round = 0; round < kRounds || seen_in_full.load() < 100; ++round) {
        const std::string own = "t/" + std::to_string(writer) + '/' + std::to_string(round % 50);
        index.apply(std::vector{set("t/x", writer, {.identifier = 1}), set("t/+", writer, {.identifier = 2}),
                                set(own, writer), set("$share/g/t/#", writer)});
        index.apply(std::vector{remove("t/x", writer), remove("t/+", writer), remove(own, writer),
                                remove("$share/g/t/#", writer)});
      }
      --running;
    });
  }
  for (int reader = 0; reader < 2; ++reader) {
    threads.emplace_back([&] {
      FakeSelector selector;
      MatchSet found;
      do {
        index.match(name_of("t/x"), {}, selector, found);
        int shared = 0;
        for (const Match& match : found) {
          if (match.is_shared()) {
            ++shared;
          } else if (found.identifiers(match).size() == 2) {
            ++seen_in_full;
          } else {
            ++torn;
          }
        }
        if (shared != 1) ++torn;
      } while (running.load() > 0);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(torn.load(), 0);
  EXPECT_EQ(index.subscription_count(), 2U);
}

}  // namespace
}  // namespace hermod::topic
