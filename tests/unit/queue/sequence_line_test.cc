#include "queue/sequence_line.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <set>
#include <vector>

namespace hermod::queue {
namespace {

std::vector<std::uint64_t> all_of(const SequenceLine& line) {
  std::vector<std::uint64_t> all;
  line.for_each([&](Seq seq) { all.push_back(seq.v); });
  return all;
}

TEST(SequenceLine, IsEmptyAtFirstAndAgainAtTheEnd) {
  SequenceLine line;
  EXPECT_TRUE(line.empty());
  EXPECT_FALSE(line.contains(Seq{1}));
  line.insert(Seq{1});
  EXPECT_FALSE(line.empty());
  EXPECT_EQ(line.front(), Seq{1});
  EXPECT_EQ(line.back(), Seq{1});
  line.erase(Seq{1});
  EXPECT_TRUE(line.empty());
  EXPECT_EQ(line.size(), 0U);
}

TEST(SequenceLine, WhatLeavesFromTheMiddleIsNotAnEnd) {
  SequenceLine line;
  for (std::uint64_t seq = 1; seq <= 5; ++seq) line.insert(Seq{seq});
  line.erase(Seq{2});
  line.erase(Seq{4});
  EXPECT_EQ(all_of(line), (std::vector<std::uint64_t>{1, 3, 5}));
  line.erase(Seq{1});
  EXPECT_EQ(line.front(), Seq{3});
  line.erase(Seq{5});
  EXPECT_EQ(line.back(), Seq{3});
  EXPECT_EQ(line.size(), 1U);
}

TEST(SequenceLine, WhatHasLeftComesBackToItsPlace) {
  SequenceLine line;
  for (std::uint64_t seq = 10; seq <= 60; seq += 10) line.insert(Seq{seq});
  line.erase(Seq{30});
  EXPECT_FALSE(line.contains(Seq{30}));
  line.insert(Seq{35});
  line.insert(Seq{30});
  line.insert(Seq{5});
  EXPECT_EQ(all_of(line), (std::vector<std::uint64_t>{5, 10, 20, 30, 35, 40, 50, 60}));
}

/// Whatever comes and goes, it is as a set is; also when most has gone, so that it gives back its memory.
TEST(SequenceLine, IsAsASet) {
  std::mt19937_64 chance(4711);
  for (int story = 0; story < 50; ++story) {
    SequenceLine line;
    std::set<std::uint64_t> plain;
    std::uint64_t next = 1;
    const std::uint64_t most = story % 5 == 0 ? 2000 : 40;
    bool is_growing = true;
    for (int step = 0; step < 6000; ++step) {
      if (plain.size() >= most) is_growing = false;
      if (plain.empty()) is_growing = true;
      const auto any = [&] {
        auto found = plain.lower_bound(1 + chance() % next);
        return found == plain.end() ? *plain.begin() : *found;
      };
      switch (is_growing ? chance() % 5 : 3 + chance() % 5) {
        case 0:
        case 1:
        case 2:
          next += 1 + chance() % 3;
          line.insert(Seq{next});
          plain.insert(next);
          break;
        case 3:
        case 4: {
          const std::uint64_t seq = 1 + chance() % next;
          if (!plain.insert(seq).second) break;
          line.insert(Seq{seq});
          break;
        }
        case 5: {
          const std::uint64_t seq = *plain.begin();
          line.erase(Seq{seq});
          plain.erase(seq);
          break;
        }
        default: {
          const std::uint64_t seq = any();
          line.erase(Seq{seq});
          plain.erase(seq);
        }
      }
      ASSERT_EQ(line.size(), plain.size());
      ASSERT_EQ(line.empty(), plain.empty());
      if (plain.empty()) continue;
      ASSERT_EQ(line.front().v, *plain.begin());
      ASSERT_EQ(line.back().v, *plain.rbegin());
      const std::uint64_t looked_for = 1 + chance() % next;
      ASSERT_EQ(line.contains(Seq{looked_for}), plain.contains(looked_for));
      if (step % 100 == 0) {
        ASSERT_EQ(all_of(line), std::vector<std::uint64_t>(plain.begin(), plain.end()));
      }
    }
  }
}

}  // namespace
}  // namespace hermod::queue
