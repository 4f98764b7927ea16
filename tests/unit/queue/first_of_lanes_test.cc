#include "queue/first_of_lanes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <utility>
#include <vector>

namespace hermod::queue {
namespace {

using Visited = std::vector<std::pair<std::uint64_t, LaneNo>>;

Visited first(const FirstOfLanes& lanes, std::size_t most) {
  Visited visited;
  lanes.visit([&](Seq seq, LaneNo lane) {
    visited.emplace_back(seq.v, lane);
    return visited.size() < most;
  });
  return visited;
}

TEST(FirstOfLanes, IsVisitedInTheOrderOfTheSequences) {
  FirstOfLanes lanes(5);
  EXPECT_TRUE(lanes.empty());
  EXPECT_TRUE(first(lanes, 9).empty());
  lanes.set(4, Seq{7});
  lanes.set(0, Seq{9});
  lanes.set(2, Seq{8});
  EXPECT_FALSE(lanes.empty());
  EXPECT_EQ(first(lanes, 9), (Visited{{7, 4}, {8, 2}, {9, 0}}));
  EXPECT_EQ(first(lanes, 1), (Visited{{7, 4}}));
  lanes.set(4, Seq{10});
  lanes.clear(2);
  EXPECT_EQ(first(lanes, 9), (Visited{{9, 0}, {10, 4}}));
}

TEST(FirstOfLanes, OneLaneIsEnough) {
  FirstOfLanes lanes(1);
  lanes.set(0, Seq{3});
  EXPECT_EQ(first(lanes, 9), (Visited{{3, 0}}));
  lanes.clear(0);
  EXPECT_TRUE(lanes.empty());
}

TEST(FirstOfLanes, IsAsASortedList) {
  std::mt19937_64 chance(11);
  for (const std::size_t width : {2U, 16U, 100U}) {
    FirstOfLanes lanes(width);
    std::map<LaneNo, std::uint64_t> plain;
    for (std::uint64_t step = 1; step < 4000; ++step) {
      const auto lane = static_cast<LaneNo>(chance() % width);
      if (chance() % 3 == 0) {
        lanes.clear(lane);
        plain.erase(lane);
      } else {
        const std::uint64_t seq = chance() % 1000 * 10'000 + step;  // no two alike
        lanes.set(lane, Seq{seq});
        plain[lane] = seq;
      }
      Visited expected;
      for (const auto& [number, seq] : plain) expected.emplace_back(seq, number);
      std::sort(expected.begin(), expected.end());
      const std::size_t most = 1 + chance() % width;
      if (expected.size() > most) expected.resize(most);
      ASSERT_EQ(first(lanes, most), expected);
    }
  }
}

}  // namespace
}  // namespace hermod::queue
