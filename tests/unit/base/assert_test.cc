#include "base/assert.h"

#include <gtest/gtest.h>

#include <csignal>

namespace hermod {
namespace {

TEST(AssertDeathTest, BrokenInvariantEndsTheProcessAndNamesItself) {
  const int three = 3;
  EXPECT_EXIT(HERMOD_ASSERT(three == 4), testing::KilledBySignal(SIGABRT),
              "hermod: assertion failed: three == 4 \\(.*assert_test.cc:[0-9]+\\)");
}

TEST(Assert, ConditionIsEvaluatedOnceAndPassesSilently) {
  int evaluated = 0;
  HERMOD_ASSERT(++evaluated == 1);
  EXPECT_EQ(evaluated, 1);
}

}  // namespace
}  // namespace hermod
