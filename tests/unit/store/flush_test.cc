#include "store/flush.h"

#include <gtest/gtest.h>

#include <iterator>

namespace hermod::store {
namespace {

TEST(FlushPolicy, TheTextOfAPolicyIsThePolicyAgain) {
  for (const char* text : {"sync", "memory", "interval:1", "interval:100", "interval:60000"}) {
    const auto policy = Flush::parse(text);
    ASSERT_TRUE(policy) << text;
    EXPECT_EQ(policy->text(), text);
    EXPECT_EQ(*Flush::parse(policy->text()), *policy);
  }
  EXPECT_EQ(Flush::parse("interval:0060")->interval, std::chrono::milliseconds(60));
}

TEST(FlushPolicy, WhatIsNoneIsRefusedInItsOwnWords) {
  for (const char* text :
       {"", "Sync", "sync ", "never", "interval", "interval:", "interval:0", "interval:-1", "interval:60001",
        "interval:100ms", "interval: 100", "interval:1.5", "memory:100", "interval:99999999999999999999"}) {
    const auto policy = Flush::parse(text);
    ASSERT_FALSE(policy) << text;
    EXPECT_EQ(policy.error().code, Errc::Invalid);
    EXPECT_EQ(policy.error().detail,
              "\"" + std::string(text) + "\" is not sync, memory, or interval: with 1 to 60000 ms behind it");
  }
}

TEST(FlushPolicy, TheOneThatSyncsSoonerIsStricter) {
  const char* const from_strict_to_lax[] = {"sync", "interval:1", "interval:60000", "memory"};
  for (std::size_t i = 0; i < std::size(from_strict_to_lax); ++i)
    for (std::size_t j = 0; j < std::size(from_strict_to_lax); ++j)
      EXPECT_EQ(Flush::parse(from_strict_to_lax[i])->is_stricter_than(*Flush::parse(from_strict_to_lax[j])),
                i < j)
          << from_strict_to_lax[i] << " and " << from_strict_to_lax[j];
  EXPECT_FALSE(Flush{}.is_relaxed());
  EXPECT_TRUE((Flush{Flush::When::Interval, std::chrono::milliseconds(1)}.is_relaxed()));
}

}  // namespace
}  // namespace hermod::store
