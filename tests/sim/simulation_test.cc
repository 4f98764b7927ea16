#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>

#include "base/log.h"
#include "tests/sim/schedule.h"
#include "tests/sim/seed_run.h"

namespace hermod::sim {
namespace {

constexpr std::uint64_t kSeedsPerCase = 50;
constexpr int kCases = HERMOD_SIM_CASES;  // 20, or fewer
constexpr std::size_t kSteps = 2500;

/// HERMOD_SIM_SEED replays one schedule in place of those of a case; HERMOD_SIM_NOTES says how many steps to
/// print, HERMOD_SIM_RUNS how many seeds a case runs.
class Simulation : public ::testing::TestWithParam<int> {
 protected:
  static void SetUpTestSuite() {
    SeedRun::watch_for_aborts();
    log::set_level(log::Level::Error);
  }

  static void run_case(Trouble trouble, std::uint64_t base) {
    std::uint64_t elided = 0;
    const std::uint64_t seeds = number_from("HERMOD_SIM_RUNS", kSeedsPerCase);
    const std::uint64_t first = base + static_cast<std::uint64_t>(GetParam()) * seeds;
    const std::uint64_t broken = first_broken_seed(first, seeds, [&](std::uint64_t seed, Report& report) {
      Schedule schedule(seed, trouble, number_from("HERMOD_SIM_STEPS", kSteps), report);
      const bool is_kept = schedule.run();
      elided += schedule.elided();
      return is_kept;
    });
    ASSERT_EQ(broken, 0U) << "replay with HERMOD_SIM_SEED=" << broken;
    EXPECT_GT(elided, 0U) << "no message was acknowledged before it was written";
  }
};

class SoundDisk : public Simulation {};
class FailingDisk : public Simulation {};
class CrashingBroker : public Simulation {};
class CrashingBrokerOnFailingDisk : public Simulation {};

TEST_P(SoundDisk, EveryPromiseIsKept) {
  run_case({}, 1);
}
TEST_P(FailingDisk, EveryPromiseIsKeptAndNothingIsAcknowledgedThatFailed) {
  run_case({.disk_fails = true}, 1'000'001);
}
TEST_P(CrashingBroker, EveryPromiseIsKeptAcrossItsStarts) {
  run_case({.broker_crashes = true}, 2'000'001);
}
TEST_P(CrashingBrokerOnFailingDisk, WhatIsAcknowledgedIsKept) {
  run_case({.disk_fails = true, .broker_crashes = true}, 3'000'001);
}

INSTANTIATE_TEST_SUITE_P(Seeds, SoundDisk, ::testing::Range(0, kCases));
INSTANTIATE_TEST_SUITE_P(Seeds, FailingDisk, ::testing::Range(0, kCases / 4));
INSTANTIATE_TEST_SUITE_P(Seeds, CrashingBroker, ::testing::Range(0, kCases / 5));
INSTANTIATE_TEST_SUITE_P(Seeds, CrashingBrokerOnFailingDisk, ::testing::Range(0, std::max(1, kCases / 20)));

}  // namespace
}  // namespace hermod::sim
