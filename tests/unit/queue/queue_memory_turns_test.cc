// Who is looked after when several want something of what is in the store alone.

#include "tests/unit/queue/memory_fixture.h"

namespace hermod::queue {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr ConsumerId kSecond{2};

/// "1" to "40", tagged common, but for two of them.
struct TwoFilters : QueueMemory {
  void fill() {
    begin();
    for (int i = 1; i <= 40; ++i) {
      set_property("tags", i == 3 || i == 20 ? "blue" : "common");
      keep(std::to_string(i), std::to_string(i));
    }
    go();
  }
};

TEST_F(TwoFilters, OneThatFindsNothingKeepsBackNoOther) {
  fill();
  join(kNearTaker, wire::QoS::AtMostOnce, 10, "tags=none");
  go();
  join(kSecond, wire::QoS::AtMostOnce, 10, "tags=blue");
  go();
  EXPECT_EQ(delivered, numbers(3, 3)) << "it is in memory";
  for (int i = 0; i < 8 && !asked.empty(); ++i) answer_page(look_up());
  EXPECT_EQ(delivered, (std::vector<std::string>{"3", "20"})) << "each page is for both";
}

TEST_F(TwoFilters, WhoCanTakeNothingIsNotReadForBeforeWhoCan) {
  fill();
  join(kNearTaker, wire::QoS::AtMostOnce, 0, "tags=none");
  go();
  ASSERT_EQ(asked.size(), 1U) << "ahead";
  answer_page(look_up());
  join(kSecond, wire::QoS::AtMostOnce, 10, "tags=blue");
  go();
  for (int i = 0; i < 9 && !asked.empty(); ++i) answer_page(look_up());
  EXPECT_EQ(delivered, (std::vector<std::string>{"3", "20"}));
}

/// Two that are far from each other in the backlog take turns.
TEST_F(TwoFilters, OneFarBehindComesToItsPageAsWell) {
  fill();
  join(kNearTaker, wire::QoS::AtMostOnce, 10, "tags=none");
  go();
  for (int i = 0; i < 13 && !asked.empty(); ++i) answer_page(look_up());
  join(kSecond, wire::QoS::AtMostOnce, 10, "tags=blue");
  go();
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_GT(asked.front().from, Seq{30});
  answer_page(look_up());
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked.front().from, Seq{9}) << "the second one's";
  answer_page(look_up());
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_GT(asked.front().from, Seq{30}) << "the first one's again";
  read_all();
  EXPECT_EQ(delivered, (std::vector<std::string>{"3", "20"}));
}

/// A clock that went back makes a start wait for what had been delivered again since.
TEST_F(QueueMemory, AStartKeepsTheMessageOfAClaimThatWouldPause) {
  begin();
  for (std::uint64_t seq = 1; seq <= 50; ++seq) {
    names[Seq{seq}] = std::to_string(seq);
    stored[Seq{seq}] = message(std::to_string(seq));
    std::optional<DeliveryState> state;
    if (seq == 1)
      state = DeliveryState{
          .deliveries = 1, .due = now.wall + hours(1), .pause = hours(1), .last = Outcome::RetryLater};
    group->restore(Seq{seq}, {.message = stored[Seq{seq}], .key = std::to_string(seq)}, state, now,
                   /*is_claimed=*/seq == 1);
  }
  ASSERT_EQ(group->restore_claims({{ConsumerId{9}, Seq{1}, 2}}, now).kept.size(), 1U);
  group->resume(now);
  go();
  EXPECT_TRUE(group->peek(Seq{1}, 1).front().message);
}

/// Its session is gone: what was kept for it waits like the others.
TEST_F(QueueMemory, AStartReadsNothingForAClaimThatIsLost) {
  begin();
  for (std::uint64_t seq = 1; seq <= 4; ++seq) {
    names[Seq{seq}] = std::to_string(seq);
    stored[Seq{seq}] = message(std::to_string(seq));
    group->restore(Seq{seq}, {.message = stored[Seq{seq}], .key = std::to_string(seq)}, std::nullopt, now,
                   /*is_claimed=*/seq == 2);
  }
  group->restore_claims({}, now);
  group->resume(now);
  join(kNearTaker, wire::QoS::AtMostOnce, 100);
  go();
  EXPECT_EQ(delivered, numbers(1, 4));
  EXPECT_TRUE(asked.empty());
}

/// One comes while each page is read, for ever.
TEST_F(QueueMemory, AQueueThatWasBehindLeavesTheDisk) {
  begin();
  keep_all(20);
  join(kNearTaker, wire::QoS::AtMostOnce, 1000);
  go();
  int pages = 0;
  for (int i = 21; i <= 80; ++i) {
    std::optional<Page> page;
    if (!asked.empty()) page = look_up();
    keep(std::to_string(i), std::to_string(i));
    go();
    if (page) {
      ++pages;
      answer_page(std::move(*page));
    }
  }
  read_all();
  EXPECT_EQ(delivered, numbers(1, 80));
  EXPECT_LT(pages, 40) << "not one for each that comes";
}

/// Nor does what a filter leaves keep the place of what it takes.
TEST_F(QueueMemory, WhatNobodyWantsSendsNothingToTheDisk) {
  definition.max_inflight = 1;
  begin();
  set_property("tags", "common");
  keep_all(8);
  join(kNearTaker, wire::QoS::AtLeastOnce, 1, "tags=rare");
  go();
  set_property("tags", "rare");
  keep("9", "9");
  keep("10", "10");
  go();
  settle("9", Outcome::Done);
  go();
  EXPECT_EQ(delivered, numbers(9, 10));
  EXPECT_TRUE(asked.empty());
}

TEST_F(QueueMemory, WhatFollowsOneThatPausesSendsNothingToTheDisk) {
  definition.order = QueueDefinition::Order::Key;
  begin();
  join(kNearTaker, wire::QoS::AtLeastOnce, 1);
  for (int i = 1; i <= 9; ++i) keep(std::to_string(i), "slow");
  go();
  settle("1", Outcome::RetryLater, seconds(3600));
  go();
  ASSERT_EQ(group->in_memory().messages, 8U);
  for (int i = 10; i <= 12; ++i) keep(std::to_string(i), std::to_string(i));
  go();
  for (int i = 10; i <= 12; ++i) {
    ASSERT_EQ(delivered.back(), std::to_string(i)) << i << " asked " << asked.size();
    settle(std::to_string(i), Outcome::Done);
    go();
  }
  EXPECT_EQ(delivered, (std::vector<std::string>{"1", "10", "11", "12"}));
  EXPECT_TRUE(asked.empty());
}

/// As when everything that is delivered fails while the store takes nothing.
TEST_F(QueueMemory, OfWhatIsTriedAgainOnlySoMuchWaitsForTheStore) {
  definition.order = QueueDefinition::Order::None;
  definition.max_inflight = 100;
  begin();
  group->limit_held(HeldMessages::kNoLimit);
  is_slow = true;
  for (int i = 0; i < 20'000; ++i) put(std::to_string(i));
  join(kNearTaker, wire::QoS::AtLeastOnce, 100);
  for (int i = 0; i < 1000; ++i) {
    if (happened().empty()) break;
    std::vector<LeaseId> out;
    for (const auto& [lease, consumer] : lent)
      if (group->has_lease(lease)) out.push_back(lease);
    for (const LeaseId lease : out) answer(lease, Outcome::RetryLater);
  }
  EXPECT_GE(wanted.size(), 8192U);
  EXPECT_LE(wanted.size(), 8192U + 100U);
}

}  // namespace
}  // namespace hermod::queue
