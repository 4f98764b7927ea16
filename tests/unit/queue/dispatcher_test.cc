#include "queue/dispatcher.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <vector>

#include "tests/unit/queue/consumers.h"

namespace hermod::queue {
namespace {

using Strategy = Dispatcher::Strategy;

const auto kAnybody = [](ConsumerId) { return true; };

auto lanes(std::size_t held) {
  return [held] { return held; };
}

void join(Dispatcher& dispatcher, ConsumerId id, std::uint64_t credit) {
  dispatcher.join(id);
  dispatcher.grant(id, credit);
}

Dispatcher with_three(Strategy strategy, std::uint64_t credit = 8) {
  Dispatcher dispatcher(strategy, 16);
  for (const ConsumerId id : {kAnna, kBert, kCarl}) join(dispatcher, id, credit);
  return dispatcher;
}

ConsumerId serve(Dispatcher& dispatcher, LaneNo lane = 0) {
  const auto chosen = dispatcher.choose(lane, kAnybody);
  if (!chosen) return {};
  dispatcher.took(*chosen, lane);
  return *chosen;
}

TEST(Dispatcher, NobodyIsChosenWithoutRoom) {
  for (const Strategy strategy : {Strategy::LeastInflight, Strategy::RoundRobin, Strategy::Random,
                                  Strategy::Sticky, Strategy::KeyHash}) {
    Dispatcher dispatcher(strategy, 1);
    EXPECT_EQ(dispatcher.choose(0, kAnybody), std::nullopt);
    join(dispatcher, kAnna, 2);
    EXPECT_EQ(serve(dispatcher), kAnna);
    EXPECT_EQ(serve(dispatcher), kAnna);
    EXPECT_FALSE(dispatcher.has_room());
    EXPECT_EQ(dispatcher.choose(0, kAnybody), std::nullopt);
    dispatcher.returned(kAnna);
    EXPECT_EQ(dispatcher.choose(0, kAnybody), std::nullopt) << "only its connection knows what it can take";
    dispatcher.grant(kAnna, 3);
    EXPECT_EQ(dispatcher.choose(0, kAnybody), kAnna);
    dispatcher.grant(kAnna, 1);
    EXPECT_EQ(dispatcher.choose(0, kAnybody), std::nullopt) << "less than it took";
    dispatcher.grant(kAnna, 3);
    EXPECT_EQ(dispatcher.choose(0, kAnybody), kAnna);
    dispatcher.leave(kAnna);
    EXPECT_EQ(dispatcher.choose(0, kAnybody), std::nullopt);
    EXPECT_FALSE(dispatcher.has_room());
  }
}

TEST(Dispatcher, WhoDoesNotWantTheMessageIsPassedOver) {
  for (const Strategy strategy : {Strategy::LeastInflight, Strategy::RoundRobin, Strategy::Random,
                                  Strategy::Sticky, Strategy::KeyHash}) {
    Dispatcher dispatcher = with_three(strategy);
    for (int i = 0; i < 5; ++i) {
      const auto chosen = dispatcher.choose(0, [](ConsumerId id) { return id == kBert; });
      ASSERT_EQ(chosen, kBert);
      dispatcher.took(kBert, 0);
    }
    EXPECT_EQ(dispatcher.choose(0, [](ConsumerId) { return false; }), std::nullopt);
  }
}

TEST(Dispatcher, NobodyHasMoreThanTheMostWhateverItGrants) {
  Dispatcher dispatcher(Strategy::LeastInflight, 1, 2);
  join(dispatcher, kAnna, 10);
  EXPECT_EQ(serve(dispatcher), kAnna);
  EXPECT_EQ(serve(dispatcher), kAnna);
  EXPECT_FALSE(dispatcher.has_room());
  dispatcher.returned(kAnna);
  EXPECT_EQ(serve(dispatcher), kAnna);
}

TEST(Dispatcher, LeastInflightGivesToWhoHasLeast) {
  Dispatcher dispatcher = with_three(Strategy::LeastInflight);
  for (int i = 0; i < 6; ++i) serve(dispatcher);
  for (const ConsumerId id : {kAnna, kBert, kCarl}) EXPECT_EQ(dispatcher.held(id), 2U);
  dispatcher.returned(kBert);
  EXPECT_EQ(serve(dispatcher), kBert);
}

TEST(Dispatcher, RoundRobinGoesRoundWhateverEachHas) {
  Dispatcher dispatcher = with_three(Strategy::RoundRobin);
  EXPECT_EQ(serve(dispatcher), kAnna);
  dispatcher.returned(kAnna);
  EXPECT_EQ(serve(dispatcher), kBert);
  EXPECT_EQ(serve(dispatcher), kCarl);
  EXPECT_EQ(serve(dispatcher), kAnna);
}

TEST(Dispatcher, RandomReachesEveryoneAboutAsOftenAndInNoRound) {
  Dispatcher dispatcher = with_three(Strategy::Random, 3000);
  std::map<ConsumerId, int> served;
  int repeats = 0;
  ConsumerId last{};
  for (int i = 0; i < 3000; ++i) {
    const ConsumerId chosen = serve(dispatcher);
    dispatcher.returned(chosen);
    ++served[chosen];
    repeats += chosen == last ? 1 : 0;
    last = chosen;
  }
  for (const ConsumerId id : {kAnna, kBert, kCarl}) EXPECT_NEAR(served[id], 1000, 200);
  EXPECT_GT(repeats, 100);
}

TEST(Dispatcher, StickyStaysWithTheLanesConsumerWhileItHasRoom) {
  Dispatcher dispatcher = with_three(Strategy::Sticky, 2);
  const ConsumerId first = serve(dispatcher, 5);
  const ConsumerId other = serve(dispatcher, 6);
  EXPECT_NE(first, other) << "a new lane goes to who has least";
  EXPECT_EQ(serve(dispatcher, 5), first);
  const ConsumerId next = serve(dispatcher, 5);
  EXPECT_NE(next, first) << "it is full";
  dispatcher.returned(first);
  dispatcher.grant(first, 3);
  EXPECT_EQ(serve(dispatcher, 5), next) << "the lane has moved on";
}

TEST(Dispatcher, KeyHashKeepsALaneWithItsConsumerEvenIfThatIsFull) {
  Dispatcher dispatcher = with_three(Strategy::KeyHash, 1);
  const ConsumerId target = serve(dispatcher, 5);
  EXPECT_EQ(dispatcher.choose(5, kAnybody), std::nullopt);
  dispatcher.returned(target);
  dispatcher.grant(target, 2);
  EXPECT_EQ(dispatcher.choose(5, kAnybody), target);
}

TEST(Dispatcher, KeyHashMovesOnlyTheLanesOfWhoLeaves) {
  Dispatcher dispatcher = with_three(Strategy::KeyHash);
  std::map<LaneNo, ConsumerId> before;
  std::set<ConsumerId> used;
  for (LaneNo lane = 0; lane < 64; ++lane) used.insert(before[lane] = *dispatcher.choose(lane, kAnybody));
  EXPECT_EQ(used.size(), 3U);
  dispatcher.leave(kBert);
  for (const auto& [lane, target] : before) {
    const auto now = dispatcher.choose(lane, kAnybody);
    if (target == kBert) {
      EXPECT_NE(now, kBert);
      EXPECT_EQ(dispatcher.is_wanted_elsewhere(lane, kBert, lanes(1), kAnybody), true);
    } else {
      EXPECT_EQ(now, target);
    }
  }
  join(dispatcher, kBert, 8);
  for (const auto& [lane, target] : before) EXPECT_EQ(dispatcher.choose(lane, kAnybody), target);
}

TEST(Dispatcher, ALaneIsWantedByWhoHasNothingFromWhoHasSeveral) {
  Dispatcher dispatcher(Strategy::LeastInflight, 16);
  join(dispatcher, kAnna, 8);
  for (int i = 0; i < 4; ++i) serve(dispatcher);
  EXPECT_FALSE(dispatcher.is_wanted_elsewhere(0, kAnna, lanes(2), kAnybody)) << "there is nobody else";
  join(dispatcher, kBert, 8);
  EXPECT_TRUE(dispatcher.is_wanted_elsewhere(0, kAnna, lanes(2), kAnybody));
  EXPECT_FALSE(dispatcher.is_wanted_elsewhere(0, kAnna, lanes(1), kAnybody)) << "it has no other";
  EXPECT_FALSE(dispatcher.is_wanted_elsewhere(0, kAnna, lanes(2), [](ConsumerId id) { return id == kAnna; }));
  dispatcher.took(kBert, 1);
  EXPECT_FALSE(dispatcher.is_wanted_elsewhere(0, kAnna, lanes(2), kAnybody)) << "it has something now";
  dispatcher.returned(kBert);
  dispatcher.grant(kBert, 0);
  EXPECT_FALSE(dispatcher.is_wanted_elsewhere(0, kAnna, lanes(2), kAnybody));
}

TEST(Dispatcher, KnowsOfWhichWishSomebodyHasRoom) {
  constexpr WishNo kWish{7};
  Dispatcher dispatcher(Strategy::LeastInflight, 1);
  join(dispatcher, kAnna, 1);
  EXPECT_TRUE(dispatcher.has_room(kWantsEverything));
  EXPECT_FALSE(dispatcher.has_room(kWish));
  dispatcher.set_wish(kAnna, kWish);
  EXPECT_FALSE(dispatcher.has_room(kWantsEverything));
  EXPECT_TRUE(dispatcher.has_room(kWish));
  EXPECT_EQ(dispatcher.wish_of(kAnna), kWish);
  serve(dispatcher);
  EXPECT_FALSE(dispatcher.has_room(kWish));
  dispatcher.grant(kAnna, 2);
  EXPECT_TRUE(dispatcher.has_room(kWish));
  dispatcher.leave(kAnna);
  EXPECT_FALSE(dispatcher.has_room(kWish));
}

TEST(Dispatcher, WhoComesWithSomethingIsNotIdle) {
  Dispatcher dispatcher(Strategy::LeastInflight, 1);
  dispatcher.join(kAnna, 2);
  EXPECT_FALSE(dispatcher.has_room()) << "it has granted nothing";
  dispatcher.grant(kAnna, 8);
  join(dispatcher, kBert, 8);
  EXPECT_EQ(serve(dispatcher), kBert);
}

}  // namespace
}  // namespace hermod::queue
