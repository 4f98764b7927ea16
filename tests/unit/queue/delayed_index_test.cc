#include "queue/delayed_index.h"

#include <gtest/gtest.h>

#include <vector>

namespace hermod::queue {
namespace {

using namespace std::chrono_literals;
using Kind = DelayedTime::Kind;

class DelayedOrder : public ::testing::Test {
 protected:
  void delay(std::uint64_t seq, std::chrono::seconds after) {
    index_.add(Seq{seq}, DelayedIndex::place_of(DelayedTime::after(after, now_.wall), now_));
  }
  void at(std::uint64_t seq, WallTime due) {
    index_.add(Seq{seq}, DelayedIndex::place_of({Kind::TimeOfDay, due, now_.wall}, now_));
  }
  void pass(std::chrono::seconds time) {
    now_.steady += time;
    now_.wall += time;
  }
  std::vector<std::uint64_t> take_all() {
    std::vector<std::uint64_t> order;
    while (const auto first = index_.first(now_)) {
      order.push_back(first->seq.v);
      index_.remove(first->seq);
    }
    return order;
  }

  DelayedIndex index_;
  Moment now_{MonotonicTime{1000s}, WallTime{1'800'000'000s}};
};

TEST_F(DelayedOrder, TheEarliestIsFirstWhateverItsKind) {
  delay(1, 30s);
  at(2, now_.wall + 20s);
  delay(3, 10s);
  at(4, now_.wall + 40s);
  EXPECT_EQ(index_.size(), 4U);
  EXPECT_EQ(take_all(), (std::vector<std::uint64_t>{3, 2, 1, 4}));
  EXPECT_TRUE(index_.empty());
}

TEST_F(DelayedOrder, OfTwoThatAreDueTogetherTheOneThatWasSentFirst) {
  at(7, now_.wall + 5s);
  delay(9, 5s);
  delay(8, 5s);
  EXPECT_EQ(take_all(), (std::vector<std::uint64_t>{7, 8, 9}));
}

TEST_F(DelayedOrder, AWallClockThatIsSetMovesTimesOfDayAlone) {
  delay(1, 30s);
  at(2, now_.wall + 24h);
  EXPECT_EQ(index_.first(now_)->seq, Seq{1});
  now_.wall += 24h;
  EXPECT_EQ(index_.first(now_)->seq, Seq{2});
  EXPECT_EQ(DelayedIndex::left(index_.first(now_)->place, now_), 0s);
  now_.wall -= 48h;
  EXPECT_EQ(index_.first(now_)->seq, Seq{1});
  EXPECT_EQ(DelayedIndex::left(index_.first(now_)->place, now_), 30s);
}

TEST_F(DelayedOrder, OfWhatIsStoredADelayIsNeverLongerThanItWas) {
  const DelayedTime sent_tomorrow{Kind::Delay, now_.wall + 24h + 10s, now_.wall + 24h};
  EXPECT_EQ(DelayedIndex::left(DelayedIndex::place_of(sent_tomorrow, now_), now_), 10s);
  const DelayedTime overdue{Kind::Delay, now_.wall - 5s, now_.wall - 15s};
  EXPECT_EQ(DelayedIndex::left(DelayedIndex::place_of(overdue, now_), now_), -5s);
}

TEST_F(DelayedOrder, WhatIsOverdueKeepsItsOrder) {
  for (const auto& [seq, ago] :
       std::vector<std::pair<std::uint64_t, std::chrono::seconds>>{{1, 5s}, {2, 50s}, {3, 20s}})
    index_.add(Seq{seq}, DelayedIndex::place_of({Kind::Delay, now_.wall - ago, now_.wall - 100s}, now_));
  at(4, now_.wall - 30s);
  EXPECT_EQ(take_all(), (std::vector<std::uint64_t>{2, 4, 3, 1}));
}

TEST_F(DelayedOrder, WhatIsRemovedIsNotFound) {
  at(1, WallTime{1s});
  delay(2, 10s);
  EXPECT_EQ(index_.find(Seq{1})->kind, Kind::TimeOfDay);
  EXPECT_EQ(index_.find(Seq{1})->micros, 1'000'000);
  EXPECT_TRUE(index_.remove(Seq{1}).has_value());
  EXPECT_FALSE(index_.remove(Seq{1}).has_value());
  EXPECT_FALSE(index_.find(Seq{1}).has_value());
  EXPECT_EQ(take_all(), (std::vector<std::uint64_t>{2}));
}

TEST_F(DelayedOrder, ACursorGoesThroughBothKinds) {
  delay(1, 10s);
  at(2, now_.wall + 20s);
  delay(3, 30s);
  DelayedIndex::Cursor cursor;
  std::vector<std::uint64_t> seen;
  while (const auto next = index_.ahead(cursor, now_)) {
    seen.push_back(next->seq.v);
    DelayedIndex::pass(cursor, *next);
  }
  EXPECT_EQ(seen, (std::vector<std::uint64_t>{1, 2, 3}));
  delay(4, 5s);
  EXPECT_FALSE(index_.ahead(cursor, now_).has_value());
  const auto place = *index_.find(Seq{4});
  EXPECT_TRUE(DelayedIndex::is_behind(cursor, Seq{4}, place));
  cursor.step_back(Seq{4}, place);
  EXPECT_EQ(index_.ahead(cursor, now_)->seq, Seq{4});
}

}  // namespace
}  // namespace hermod::queue
