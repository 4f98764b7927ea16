#include "store/message_counts.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace hermod::store {
namespace {

TEST(MessageCounts, EveryNameOfAMessageCountsAndTheLastOneLeavesNothing) {
  MessageCounts counts;
  std::map<std::uint64_t, std::uint32_t> expected;
  std::mt19937 random(2);
  for (int step = 0; step < 5000; ++step) {
    const std::uint64_t id = 1 + random() % 20;
    if (random() % 2 == 0) {
      counts.add({id});
      ++expected[id];
    } else {
      // What the tables name more often than was counted is damage, and not a count below zero.
      const auto known = expected.find(id);
      const std::uint32_t left = known == expected.end() ? 0 : --known->second;
      if (known != expected.end() && left == 0) expected.erase(known);
      EXPECT_EQ(counts.remove({id}), left);
    }
    ASSERT_EQ(counts.size(), expected.size());
  }
  for (std::uint64_t id = 1; id <= 21; ++id)
    EXPECT_EQ(counts.of({id}), expected.contains(id) ? expected.at(id) : 0);
}

TEST(MessageCounts, WhatIsForgottenIsNotKnown) {
  MessageCounts counts;
  EXPECT_FALSE(counts.known());
  counts.add({1});
  counts.forget();
  EXPECT_EQ(counts.of({1}), 0U);
  EXPECT_EQ(counts.size(), 0U);
  EXPECT_FALSE(counts.known());
}

}  // namespace
}  // namespace hermod::store
