// What waits far behind leaves memory, and is read again when it is needed.

#include "tests/unit/queue/memory_fixture.h"

namespace hermod::queue {
namespace {

using std::chrono::seconds;

TEST_F(QueueMemory, WhatIsFarBehindIsInTheStoreAlone) {
  begin();
  keep_all(100);
  EXPECT_EQ(group->entries(), 100U);
  EXPECT_EQ(group->in_memory().messages, 8U);
  EXPECT_EQ(group->amount().messages, 100U);
  EXPECT_TRUE(asked.empty()) << "nobody takes anything";
}

TEST_F(QueueMemory, ALowerLimitCountsAtOnce) {
  begin();
  keep_all(100);
  group->limit_held({4, 8000});
  EXPECT_EQ(group->in_memory().messages, 4U);
  join(kNearTaker, wire::QoS::AtMostOnce, 200);
  go();
  read_all();
  EXPECT_EQ(delivered, numbers(1, 100));
}

TEST_F(QueueMemory, ItIsReadWhenItComesNearAndKeepsItsOrder) {
  begin();
  keep_all(100);
  join(kNearTaker, wire::QoS::AtLeastOnce, 4);
  go();
  std::size_t most = 0;
  for (int i = 1; i <= 100; ++i) {
    read_all();
    ASSERT_GE(delivered.size(), static_cast<std::size_t>(i));
    most = std::max<std::size_t>(most, group->in_memory().messages);
    settle(delivered[static_cast<std::size_t>(i) - 1], Outcome::Done);
    go();
  }
  EXPECT_EQ(delivered, numbers(1, 100));
  EXPECT_LE(most, 12U) << "what is held, and what is in flight";
  EXPECT_EQ(group->entries(), 0U);
  EXPECT_EQ(group->in_memory(), Amount{});
}

TEST_F(QueueMemory, TheNextPageIsReadBeforeTheLastIsGone) {
  begin();
  keep_all(20);
  join(kNearTaker, wire::QoS::AtLeastOnce, 6);
  go();
  EXPECT_EQ(delivered, numbers(1, 6));
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked.front().from, Seq{9});
}

TEST_F(QueueMemory, WhatConsumersHaveIsNotReadAhead) {
  begin();
  keep_all(20);
  sends = false;
  join(kNearTaker, wire::QoS::AtLeastOnce, 8);
  go();
  EXPECT_EQ(delivered, numbers(1, 8));
  EXPECT_TRUE(asked.empty());
  group->unsent(leases.at("3"), now);
  go();
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked.front().from, Seq{9}) << "what it has stands between";
  read_all();
}

TEST_F(QueueMemory, WhatWasPurgedWhileItWasReadDoesNotComeBack) {
  begin();
  keep_all(20);
  join(kNearTaker, wire::QoS::AtMostOnce, 8);
  go();
  ASSERT_EQ(asked.size(), 1U);
  Page page = look_up();
  ASSERT_FALSE(page.messages.empty());
  group->purge(now);
  go();
  ASSERT_EQ(group->entries(), 0U);
  EXPECT_EQ(answer_page(std::move(page)), std::vector<Seq>{});
  grant(kNearTaker, 100);
  go();
  EXPECT_EQ(delivered, numbers(1, 8));
  EXPECT_EQ(group->in_memory(), Amount{});
}

TEST_F(QueueMemory, WhatExpiredWhileItWasReadDoesNotComeBack) {
  definition.ttl = seconds(5);
  definition.dead_letter = "none";
  begin();
  keep_all(20);
  join(kNearTaker, wire::QoS::AtMostOnce, 8);
  go();
  ASSERT_EQ(asked.size(), 1U);
  Page page = look_up();
  pass(seconds(6));
  go();
  EXPECT_EQ(answer_page(std::move(page)), std::vector<Seq>{});
  grant(kNearTaker, 100);
  go();
  EXPECT_EQ(delivered, numbers(1, 8));
  EXPECT_EQ(group->entries(), 0U);
}

TEST_F(QueueMemory, WhatMovesWhileItIsReadStaysAway) {
  begin();
  keep_all(20);
  join(kNearTaker, wire::QoS::AtMostOnce, 8);
  go();
  ASSERT_EQ(asked.size(), 1U);
  Page page = look_up();
  const auto moving = group->begin_move(Seq{9}, now);
  ASSERT_TRUE(moving.has_value());
  EXPECT_FALSE(moving->entry.message) << "it is read for its batch";
  answer_page(std::move(page));
  group->on_moved(Seq{9}, now);
  stored.erase(Seq{9});
  grant(kNearTaker, 100);
  go();
  read_all();
  std::vector<std::string> all = numbers(1, 20);
  all.erase(all.begin() + 8);
  EXPECT_EQ(delivered, all);
}

TEST_F(QueueMemory, WhoLooksFarBehindHasItBrought) {
  begin();
  keep_all(40);
  ASSERT_FALSE(group->peek(Seq{30}, 1).front().message);
  EXPECT_TRUE(group->bring(Seq{30}));
  EXPECT_TRUE(group->bring(Seq{30}));
  go();
  ASSERT_EQ(asked.size(), 1U);
  answer_page(look_up());
  EXPECT_TRUE(group->peek(Seq{30}, 1).front().message);
  EXPECT_TRUE(group->peek(Seq{1}, 1).front().message) << "what goes out next stays";
  EXPECT_EQ(group->in_memory().messages, 10U);
  const auto moving = group->begin_move(Seq{30}, now);
  ASSERT_TRUE(moving.has_value());
  EXPECT_TRUE(moving->entry.message);
  group->end_showing();
  EXPECT_FALSE(group->peek(Seq{31}, 1).front().message);
  EXPECT_EQ(group->in_memory().messages, 8U);
}

TEST_F(QueueMemory, WhatCannotBeReadIsNotBroughtTwice) {
  begin();
  keep_all(40);
  ASSERT_TRUE(group->begin_move(Seq{30}, now)) << "it is on its way, and stays";
  stored.erase(Seq{30});
  EXPECT_TRUE(group->bring(Seq{30}));
  go();
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(answer_page(look_up()), std::vector<Seq>{});
  EXPECT_FALSE(group->bring(Seq{30}));
  go();
  EXPECT_TRUE(asked.empty());
}

/// Each is larger than all that is held.
TEST_F(QueueMemory, LargeMessagesAreInMemoryWhileConsumersHaveThem) {
  begin();
  const auto name_of = [](int i) { return std::string(9000, 'x') + std::to_string(i); };
  for (int i = 1; i <= 5; ++i) keep(name_of(i), std::to_string(i));
  go();
  EXPECT_EQ(group->in_memory(), Amount{}) << "not even the first";
  join(kNearTaker, wire::QoS::AtLeastOnce, 1);
  go();
  for (int i = 1; i <= 5; ++i) {
    std::size_t pages = 0;
    for (; !asked.empty() && pages < 10; ++pages) answer_page(look_up());
    EXPECT_LE(pages, 1U) << "nothing is read that would not be held";
    ASSERT_EQ(delivered.size(), static_cast<std::size_t>(i));
    EXPECT_EQ(group->in_memory().messages, 1U);
    group->advance(now);
    go();
    EXPECT_TRUE(asked.empty());
    settle(delivered.back(), Outcome::Done);
    go();
  }
  EXPECT_EQ(group->entries(), 0U);
}

TEST_F(QueueMemory, WhatCannotBeReadHoldsUpNothing) {
  begin();
  keep_all(12);
  stored.erase(Seq{9});
  join(kNearTaker, wire::QoS::AtMostOnce, 100);
  go();
  std::vector<Seq> lost;
  while (!asked.empty())
    for (const Seq seq : answer_page(look_up())) lost.push_back(seq);
  EXPECT_EQ(lost, std::vector<Seq>{Seq{9}});
  std::vector<std::string> all = numbers(1, 12);
  all.erase(all.begin() + 8);
  EXPECT_EQ(delivered, all);
  EXPECT_EQ(group->amount().messages, 0U);
}

TEST_F(QueueMemory, WhatComesWhileThePageIsReadIsNotMissed) {
  begin();
  keep_all(9);
  join(kNearTaker, wire::QoS::AtMostOnce, 8);
  go();
  ASSERT_EQ(asked.size(), 1U);
  Page page = look_up();
  EXPECT_EQ(page.end, Seq{~0ULL});
  keep("10", "10");
  go();
  EXPECT_EQ(answer_page(std::move(page)), std::vector<Seq>{});
  grant(kNearTaker, 100);
  go();
  read_all();
  EXPECT_EQ(delivered, numbers(1, 10));
}

TEST_F(QueueMemory, WhatComesBackWaitsInMemoryWithinTheLimit) {
  begin();
  keep_all(40);
  join(kNearTaker, wire::QoS::AtLeastOnce, 30);
  go();
  read_all();
  EXPECT_EQ(delivered, numbers(1, 30));
  disconnect(kNearTaker);
  go();
  EXPECT_LE(group->in_memory().messages, 8U);
  delivered.clear();
  join(kNearTaker, wire::QoS::AtMostOnce, 100);
  go();
  read_all();
  EXPECT_EQ(delivered, numbers(1, 40));
}

/// More of them than are held.
TEST_F(QueueMemory, WhatPausesSendsNothingThatComesLaterToTheDisk) {
  begin();
  keep_all(12);
  join(kNearTaker, wire::QoS::AtLeastOnce, 12);
  go();
  read_all();
  ASSERT_EQ(delivered, numbers(1, 12));
  for (const std::string& one : numbers(1, 12)) settle(one, Outcome::RetryLater, seconds(3600));
  go();
  disconnect(kNearTaker);
  go();
  ASSERT_EQ(group->in_memory().messages, 8U);
  ASSERT_TRUE(asked.empty());
  delivered.clear();
  for (int i = 13; i <= 16; ++i) keep(std::to_string(i), std::to_string(i));
  go();
  EXPECT_EQ(group->in_memory().messages, 8U);
  join(kNearTaker, wire::QoS::AtLeastOnce, 4);
  go();
  EXPECT_EQ(delivered, numbers(13, 16));
  EXPECT_TRUE(asked.empty()) << "they came when nothing in front of them was to be read";
  pass(seconds(3700));
  go();
  grant(kNearTaker, 100);
  go();
  read_all();
  EXPECT_EQ(delivered.size(), 16U) << "and those are read when it is over";
}

/// What comes behind a backlog in the store waits there, until all of that has been read.
TEST_F(QueueMemory, WhatComesBehindABacklogIsHeldWhenThatIsOver) {
  begin();
  keep_all(20);
  join(kNearTaker, wire::QoS::AtMostOnce, 100);
  go();
  ASSERT_EQ(delivered, numbers(1, 8));
  keep("21", "21");
  go();
  EXPECT_EQ(group->in_memory(), Amount{}) << "the page brings it, in its turn";
  read_all();
  EXPECT_EQ(delivered, numbers(1, 21));
  disconnect(kNearTaker);
  for (int i = 22; i <= 24; ++i) keep(std::to_string(i), std::to_string(i));
  go();
  EXPECT_EQ(group->in_memory().messages, 3U);
}

TEST_F(QueueMemory, AFilterIsHeldAgainstWhatIsInTheStoreAlone) {
  begin();
  for (int i = 1; i <= 40; ++i) {
    set_property("tags", i % 10 == 0 ? "rare" : "common");
    keep(std::to_string(i), std::to_string(i));
  }
  go();
  join(kNearTaker, wire::QoS::AtMostOnce, 100, "tags=rare");
  go();
  read_all();
  EXPECT_EQ(delivered, (std::vector<std::string>{"10", "20", "30", "40"}));
  EXPECT_LE(group->in_memory().messages, 8U);
  set_property("tags", "rare");
  keep("41", "41");
  go();
  read_all();
  EXPECT_EQ(delivered.back(), "41");
}

/// Each time it comes.
TEST_F(QueueMemory, AFilterReadsNoMoreOfABacklogThanItsConsumerSoonTakes) {
  definition.max_inflight = 2;
  begin();
  set_property("tags", "rare");
  keep_all(100);
  join(kNearTaker, wire::QoS::AtLeastOnce, 2, "tags=rare");
  go();
  read_all();
  EXPECT_EQ(delivered, numbers(1, 2));
  EXPECT_LE(group->counters().filters_examined, 8U);
  for (int i = 1; i <= 100; ++i) {
    ASSERT_GE(delivered.size(), static_cast<std::size_t>(i));
    settle(delivered[static_cast<std::size_t>(i) - 1], Outcome::Done);
    go();
    read_all();
    EXPECT_LE(group->counters().filters_examined, static_cast<std::size_t>(i) + 16);
  }
  EXPECT_EQ(delivered, numbers(1, 100));
  EXPECT_EQ(group->counters().filters_examined, 100U) << "each once";
}

TEST_F(QueueMemory, AFilterThatFindsNothingLooksThroughAll) {
  definition.max_inflight = 2;
  begin();
  for (int i = 1; i <= 60; ++i) {
    set_property("tags", i > 50 ? "rare" : "common");
    keep(std::to_string(i), std::to_string(i));
  }
  go();
  join(kNearTaker, wire::QoS::AtMostOnce, 100, "tags=rare");
  go();
  read_all();
  EXPECT_EQ(delivered, numbers(51, 60));
}

TEST_F(QueueMemory, WhatBecomesReadyFarBehindIsReadForTheFilter) {
  begin();
  set_property("tags", "rare");
  for (int i = 1; i <= 20; ++i) keep(std::to_string(i), "k");
  go();
  join(kNearTaker, wire::QoS::AtMostOnce, 100, "tags=rare");
  go();
  read_all();
  EXPECT_EQ(delivered, numbers(1, 20)) << "each is ready when the one before is gone";
}

TEST_F(QueueMemory, ADeadLetterIsReadWhenItsBatchIsMade) {
  definition.ttl = seconds(5);
  begin();
  keep_all(20);
  pass(seconds(6));
  std::size_t without = 0;
  happened();
  for (const QueueEffect& effect : effects)
    if (const auto* dead = std::get_if<MoveToDeadLetters>(&effect)) {
      EXPECT_GT(dead->size, 0U);
      if (!dead->entry.message) ++without;
    }
  EXPECT_EQ(without, 12U);
  EXPECT_EQ(group->entries(), 0U);
}

TEST_F(QueueMemory, MessagesWithAnExpiryAreReviewedWithoutBeingRead) {
  begin();
  for (int i = 1; i <= 20; ++i) keep(std::to_string(i), std::to_string(i));
  go();
  QueueDefinition shorter = definition;
  shorter.ttl = seconds(3);
  ASSERT_TRUE(group->change(shorter, now));
  pass(seconds(4));
  go();
  EXPECT_TRUE(asked.empty());
  EXPECT_EQ(group->entries(), 0U);
}

TEST_F(QueueMemory, AStartHoldsTheFirstOnly) {
  begin();
  for (std::uint64_t seq = 1; seq <= 50; ++seq) {
    names[Seq{seq}] = std::to_string(seq);
    stored[Seq{seq}] = message(std::to_string(seq));
    group->restore(Seq{seq}, {.message = stored[Seq{seq}], .key = std::to_string(seq)}, std::nullopt, now,
                   /*is_claimed=*/seq == 40);
    next = Seq{seq + 1};
  }
  const RestoredClaims restored = group->restore_claims({{ConsumerId{9}, Seq{40}, 1}}, now);
  EXPECT_EQ(restored.kept.size(), 1U);
  group->resume(now);
  go();
  EXPECT_EQ(group->in_memory().messages, 9U) << "and the claimed one";
  join(kNearTaker, wire::QoS::AtMostOnce, 100);
  go();
  read_all();
  EXPECT_EQ(delivered.size(), 49U);
}

/// Nothing is due, and nothing goes out: what is acknowledged would wait for it in memory, too.
TEST_F(QueueMemory, AStoreThatIsBehindIsWaitedFor) {
  definition.rate_out = Rate{.per_second = 1000, .burst = 1000};
  definition.dead_letter = "none";
  definition.ttl = seconds(5);
  definition.order = QueueDefinition::Order::None;
  begin();
  is_slow = true;
  for (int i = 0; i < 9'000; ++i) put("m");
  now.steady += seconds(6);
  now.wall += seconds(6);
  for (int i = 0; i < 100; ++i) group->advance(now);
  happened();
  join(kNearTaker, wire::QoS::AtMostOnce, 100);
  happened();
  EXPECT_EQ(group->leases(), 0U);
  EXPECT_EQ(group->next_due(now), std::nullopt);
  is_slow = false;
  while (!wanted.empty()) settle_store();
  happened();
  EXPECT_EQ(group->entries(), 0U);
}

TEST_F(QueueMemory, OfABacklogThatExpiresOnlySoMuchWaitsForTheStore) {
  definition.ttl = seconds(5);
  begin();
  is_slow = true;
  for (int i = 0; i < 20'000; ++i) put("m");
  pass(seconds(6));
  std::size_t dying = 0;
  for (int i = 0; i < 200; ++i) {
    happened();
    dying += effects.size();
    if (const auto due = group->next_due(now); !due || *due > now.steady) break;
    group->advance(now);
  }
  EXPECT_GE(dying, 8192U);
  EXPECT_LT(dying, 10'000U);
  is_slow = false;
  for (int i = 0; i < 200 && group->entries() > 0; ++i) {
    pass(seconds(0));
    happened();
    while (!wanted.empty()) settle_store();
  }
  EXPECT_EQ(group->entries(), 0U);
}

}  // namespace
}  // namespace hermod::queue
