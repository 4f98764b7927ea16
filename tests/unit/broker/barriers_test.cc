#include "broker/barriers.h"

#include <gtest/gtest.h>

namespace hermod::broker {
namespace {

Barrier about(SessionId session) {
  return {std::nullopt, RemainsBarrier{session}};
}

TEST(Barriers, ABarrierIsThereWithItsLastAnswer) {
  Barriers barriers;
  const std::uint64_t first = barriers.begin(2, about(SessionId{7}));
  const std::uint64_t second = barriers.begin(1, about(SessionId{8}));
  EXPECT_FALSE(barriers.on_answer(first).has_value());
  const auto passed = barriers.on_answer(second);
  ASSERT_TRUE(passed.has_value());
  EXPECT_EQ(std::get<RemainsBarrier>(passed->work).ended, SessionId{8});
  EXPECT_TRUE(barriers.on_answer(first).has_value());
}

TEST(Barriers, WhoAsksHearsBehindWhatWasAskedAboutThen) {
  Barriers barriers;
  AskedPublications asked;
  const std::uint64_t publication = asked.begin(SessionId{7});
  barriers.on_ask({ShardId{1}, 10}, asked.last());
  barriers.on_ask({ShardId{2}, 20, /*behind_asked=*/false}, 0);
  ASSERT_EQ(barriers.take_answerable(asked).size(), 1U);
  const std::uint64_t later = asked.begin(SessionId{7});
  EXPECT_TRUE(barriers.has_asks());
  EXPECT_TRUE(barriers.take_answerable(asked).empty());
  asked.end(publication);
  const auto answerable = barriers.take_answerable(asked);
  ASSERT_EQ(answerable.size(), 1U) << "what came later is not waited for";
  EXPECT_EQ(answerable[0].barrier, 10U);
  EXPECT_FALSE(barriers.has_asks());
  asked.end(later);
}

TEST(BarriersDeathTest, AnAnswerThatNobodyWaitsForIsABug) {
  Barriers barriers;
  EXPECT_DEATH(barriers.on_answer(1), "found");
}

}  // namespace
}  // namespace hermod::broker
