#include "queue/token_bucket.h"

#include <gtest/gtest.h>

#include <random>

namespace hermod::queue {
namespace {

using namespace std::chrono_literals;

constexpr MonotonicTime kStart{1h};

int take_all(TokenBucket& bucket, MonotonicTime now) {
  int taken = 0;
  while (bucket.take(now)) ++taken;
  return taken;
}

TEST(TokenBucket, ItsBurstPassesAtOnceAndThenItsRate) {
  TokenBucket bucket({.per_second = 10, .burst = 3}, kStart);
  EXPECT_EQ(take_all(bucket, kStart), 3);
  EXPECT_EQ(bucket.next_token(kStart), kStart + 100ms);
  EXPECT_FALSE(bucket.take(kStart + 99ms));
  EXPECT_TRUE(bucket.take(kStart + 100ms));
  EXPECT_FALSE(bucket.take(kStart + 199ms));
  EXPECT_EQ(take_all(bucket, kStart + 350ms), 2);
}

TEST(TokenBucket, RestFillsItNoFurtherThanItsBurst) {
  TokenBucket bucket({.per_second = 10, .burst = 3}, kStart);
  EXPECT_EQ(take_all(bucket, kStart + 24h), 3);
  EXPECT_EQ(take_all(bucket, kStart + 48h), 3);
}

TEST(TokenBucket, AskingOftenGivesNoMoreAndNoLess) {
  std::mt19937 chance(1);
  TokenBucket bucket({.per_second = 7, .burst = 5}, kStart);
  int taken = take_all(bucket, kStart);
  MonotonicTime now = kStart;
  while (now < kStart + 100s) {
    now += std::chrono::microseconds(chance() % 20'000);
    taken += bucket.take(now) ? 1 : 0;
  }
  EXPECT_NEAR(taken, 5 + 7 * 100, 1);
}

TEST(Rate, TextGivesRateAndBurst) {
  EXPECT_EQ(*Rate::parse("100/s burst 200"), (Rate{100, 200}));
  EXPECT_EQ(*Rate::parse("100/s"), (Rate{100, 100}));
  EXPECT_EQ(*Rate::parse("1/s burst 1000000"), (Rate{1, 1'000'000}));
  EXPECT_EQ((Rate{100, 200}.text()), "100/s burst 200");
  EXPECT_EQ((Rate{100, 100}.text()), "100/s");
}

TEST(Rate, AnythingElseIsRefused) {
  for (const char* text : {"", "100", "/s", "0/s", "-1/s", "1/m", "100/s burst", "100/s burst 0",
                           "100/s burst x", "100/s  burst 2", "1000001/s", "100/s burst 2 "})
    EXPECT_FALSE(Rate::parse(text).has_value()) << text;
}

}  // namespace
}  // namespace hermod::queue
