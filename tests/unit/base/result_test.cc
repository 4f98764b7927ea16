#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>

namespace hermod {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return failure(Errc::Invalid, std::to_string(number) + " is odd");
  return number / 2;
}

Status check(int number) {
  if (auto done = half(number); !done) return tl::unexpected(done.error());
  return {};
}

TEST(Result, ValueAndFailureAreToldApart) {
  const auto good = half(8);
  ASSERT_TRUE(good);
  EXPECT_EQ(*good, 4);
  const auto bad = half(7);
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, Errc::Invalid);
  EXPECT_EQ(bad.error().detail, "7 is odd");
}

TEST(Result, FailureIsHandedOnWithoutLoss) {
  EXPECT_TRUE(check(2));
  const Status failed = check(3);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Errc::Invalid);
  EXPECT_EQ(failed.error().detail, "3 is odd");
}

TEST(Result, ValueThatOnlyMovesIsCarried) {
  Result<std::unique_ptr<int>> made = std::make_unique<int>(5);
  ASSERT_TRUE(made);
  const std::unique_ptr<int> taken = std::move(*made);
  EXPECT_EQ(*taken, 5);
}

}  // namespace
}  // namespace hermod
