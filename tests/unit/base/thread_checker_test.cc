#include "base/thread_checker.h"

#include <gtest/gtest.h>

#include <thread>

namespace hermod {
namespace {

TEST(ThreadChecker, FirstCheckBindsAndReleaseLetsTheNextThreadBind) {
  ThreadChecker checker;
  std::thread([&] {
    checker.check();
    checker.check();
    checker.release();
  }).join();
  checker.check();
  checker.check();
}

TEST(ThreadCheckerDeathTest, SecondThreadEndsTheProcess) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(
      {
        ThreadChecker checker;
        checker.check();
        std::thread([&] { checker.check(); }).join();
      },
      "assertion failed: owner == self");
}

}  // namespace
}  // namespace hermod
