#include "delivery_map.h"

#include <gtest/gtest.h>

#include <array>

namespace hermod::bench {
namespace {

GroupResult merged(const DeliveryMap& a, const DeliveryMap& b, std::uint64_t sent) {
  const std::array<const DeliveryMap*, 2> both = {&a, &b};
  return merge_consumers(both, sent);
}

TEST(DeliveryMap, KnowsASecondCopyInAnyOrder) {
  DeliveryMap map;
  for (const std::uint64_t sequence : {5U, 700U, 0U, 63U, 64U}) EXPECT_TRUE(map.mark(sequence));
  for (const std::uint64_t sequence : {64U, 5U}) EXPECT_FALSE(map.mark(sequence));
  EXPECT_EQ(map.received(), 5U);
}

TEST(DeliveryMap, WhatNoConsumerHasIsLost) {
  DeliveryMap a;
  DeliveryMap b;
  for (std::uint64_t sequence = 0; sequence < 100; ++sequence)
    if (sequence != 40 && sequence != 99) (sequence % 3 == 0 ? a : b).mark(sequence);
  EXPECT_EQ(merged(a, b, 100).lost, 2U);
  EXPECT_EQ(merged(a, b, 100).duplicates, 0U);
  EXPECT_EQ(merge_consumers({}, 7).lost, 7U);
}

TEST(DeliveryMap, WhatTwoConsumersHaveIsThereTwice) {
  DeliveryMap a;
  DeliveryMap b;
  for (const std::uint64_t sequence : {0U, 1U, 2U}) a.mark(sequence);
  for (const std::uint64_t sequence : {2U, 3U}) b.mark(sequence);
  EXPECT_EQ(merged(a, b, 4).lost, 0U);
  EXPECT_EQ(merged(a, b, 4).duplicates, 1U);
}

}  // namespace
}  // namespace hermod::bench
