#include "config/flush_policy.h"

#include <gtest/gtest.h>

namespace hermod::config {
namespace {

TEST(FlushPolicy, TheTextOfAPolicyIsThePolicyAgain) {
  for (const char* text : {"sync", "memory", "interval:1", "interval:100", "interval:60000"}) {
    const auto policy = parse_flush_policy(text);
    ASSERT_TRUE(policy) << text;
    EXPECT_EQ(policy->text(), text);
    EXPECT_EQ(*parse_flush_policy(policy->text()), *policy);
  }
  EXPECT_EQ(parse_flush_policy("interval:0060")->interval, std::chrono::milliseconds(60));
}

TEST(FlushPolicy, WhatIsNoneIsRefusedInItsOwnWords) {
  for (const char* text :
       {"", "Sync", "sync ", "never", "interval", "interval:", "interval:0", "interval:-1", "interval:60001",
        "interval:100ms", "interval: 100", "interval:1.5", "memory:100", "interval:99999999999999999999"}) {
    const auto policy = parse_flush_policy(text);
    ASSERT_FALSE(policy) << text;
    EXPECT_EQ(policy.error().code, Errc::Invalid);
    EXPECT_EQ(policy.error().detail,
              "\"" + std::string(text) + "\" is not sync, memory, or interval: with 1 to 60000 ms behind it");
  }
}

}  // namespace
}  // namespace hermod::config
