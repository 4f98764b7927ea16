#include "queue/due_index.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

namespace hermod::queue {
namespace {

using Index = DueIndex<int, int>;

TEST(DueIndex, GivesWhatIsDueEarliestFirst) {
  Index index;
  index.set(1, 30);
  index.set(2, 10);
  index.set(3, 10);
  EXPECT_EQ(index.next_due(), 10);
  EXPECT_EQ(index.take_due(9), std::nullopt);
  EXPECT_EQ(index.take_due(10), 2);
  EXPECT_EQ(index.take_due(10), 3);
  EXPECT_EQ(index.take_due(29), std::nullopt);
  EXPECT_EQ(index.take_due(99), 1);
  EXPECT_EQ(index.next_due(), std::nullopt);
}

TEST(DueIndex, ANewTimeReplacesTheOld) {
  Index index;
  index.set(1, 30);
  index.set(1, 20);
  EXPECT_EQ(index.size(), 1U);
  EXPECT_EQ(index.time_of(1), 20);
  EXPECT_TRUE(index.cancel(1));
  EXPECT_FALSE(index.cancel(1));
  EXPECT_EQ(index.take_due(99), std::nullopt);
}

TEST(DueIndex, DoesWhatAnOrderedListWould) {
  std::mt19937 chance(7);
  Index index;
  std::map<int, int> oracle;
  for (int step = 0; step < 20'000; ++step) {
    const int what = static_cast<int>(chance() % 50);
    const int time = static_cast<int>(chance() % 1000);
    if (chance() % 3 != 0) {
      index.set(what, time);
      oracle[what] = time;
    } else if (chance() % 2 == 0) {
      EXPECT_EQ(index.cancel(what), oracle.erase(what) > 0);
    } else {
      std::set<std::pair<int, int>> order;
      for (const auto& [one, due] : oracle) order.insert({due, one});
      const auto taken = index.take_due(time);
      if (order.empty() || order.begin()->first > time) {
        EXPECT_EQ(taken, std::nullopt);
      } else {
        EXPECT_EQ(taken, order.begin()->second);
        oracle.erase(order.begin()->second);
      }
    }
    ASSERT_EQ(index.size(), oracle.size());
  }
}

}  // namespace
}  // namespace hermod::queue
