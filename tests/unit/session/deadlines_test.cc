#include "session/deadlines.h"

#include <gtest/gtest.h>

#include <random>

namespace hermod::session {
namespace {

using std::chrono::seconds;

MonotonicTime at(int second) {
  return MonotonicTime{seconds(second)};
}

TEST(Deadlines, NothingIsDueWhenThereIsNone) {
  Deadlines deadlines;
  EXPECT_EQ(deadlines.next_due(), std::nullopt);
  EXPECT_FALSE(deadlines.take_due(at(1'000'000)));
}

TEST(Deadlines, SoonestComesFirstWhateverTheOrderOfAdding) {
  Deadlines deadlines;
  deadlines.add({at(30), SessionId{3}, DeadlineKind::SessionExpiry, 1});
  deadlines.add({at(10), SessionId{1}, DeadlineKind::WillDelay, 2});
  deadlines.add({at(20), SessionId{2}, DeadlineKind::SessionExpiry, 3});
  EXPECT_EQ(deadlines.next_due(), at(10));
  const auto first = deadlines.take_due(at(25));
  ASSERT_TRUE(first);
  EXPECT_EQ(first->session, SessionId{1});
  EXPECT_EQ(first->kind, DeadlineKind::WillDelay);
  EXPECT_EQ(first->absence, 2U);
  ASSERT_EQ(deadlines.take_due(at(25))->session, SessionId{2});
  EXPECT_FALSE(deadlines.take_due(at(25)));
  EXPECT_EQ(deadlines.next_due(), at(30));
  EXPECT_EQ(deadlines.size(), 1U);
}

TEST(Deadlines, DeadlineIsDueAtItsVeryMomentAndNotBefore) {
  Deadlines deadlines;
  deadlines.add({at(10), SessionId{1}, DeadlineKind::SessionExpiry, 1});
  EXPECT_FALSE(deadlines.take_due(at(10) - std::chrono::nanoseconds{1}));
  EXPECT_TRUE(deadlines.take_due(at(10)));
}

TEST(Deadlines, DeadlinesOfEarlierAbsencesStayAndSayWhichTheyBelongTo) {
  Deadlines deadlines;
  deadlines.add({at(10), SessionId{1}, DeadlineKind::SessionExpiry, 1});
  deadlines.add({at(20), SessionId{1}, DeadlineKind::SessionExpiry, 2});
  EXPECT_EQ(deadlines.take_due(at(20))->absence, 1U);
  EXPECT_EQ(deadlines.take_due(at(20))->absence, 2U);
}

TEST(Deadlines, EveryDeadlineIsTakenOnceInOrder) {
  std::mt19937 random(1);
  Deadlines deadlines;
  for (std::uint64_t i = 0; i < 1000; ++i)
    deadlines.add({at(static_cast<int>(random() % 200)), SessionId{i}, DeadlineKind::WillDelay, 0});
  std::vector<bool> seen(1000, false);
  MonotonicTime before{};
  while (const auto due = deadlines.take_due(at(200))) {
    EXPECT_GE(due->due, before);
    before = due->due;
    EXPECT_FALSE(seen[due->session.v]);
    seen[due->session.v] = true;
  }
  EXPECT_EQ(std::count(seen.begin(), seen.end(), true), 1000);
}

}  // namespace
}  // namespace hermod::session
