#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>

#include "base/log.h"
#include "tests/sim/schedule.h"

namespace hermod::sim {
namespace {

constexpr std::uint64_t kSeedsPerCase = 50;
constexpr int kCases = HERMOD_SIM_CASES;  // 20, or fewer
constexpr std::size_t kSteps = 2500;

/// For the signal handler alone: a failed assertion of the broker has to say which schedule it was.
std::uint64_t running_seed = 0;
const Report* running_report = nullptr;

void print_running_schedule() {
  if (running_report == nullptr) return;
  std::cerr << "schedule with HERMOD_SIM_SEED=" << running_seed << ", the last steps:\n";
  running_report->print(std::cerr);
}

void on_abort(int signal) {
  print_running_schedule();
  std::signal(signal, SIG_DFL);
}

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

/// Adds to `elided` what the schedule never wrote.
bool run_seed(std::uint64_t seed, Trouble trouble, std::uint64_t& elided) {
  Report report(number_from("HERMOD_SIM_NOTES", 60));
  running_seed = seed;
  running_report = &report;
  Schedule schedule(seed, trouble, number_from("HERMOD_SIM_STEPS", kSteps), report);
  const bool kept = schedule.run();
  elided += schedule.elided();
  if (!kept) print_running_schedule();
  running_report = nullptr;
  return kept;
}

/// HERMOD_SIM_SEED replays one schedule in place of those of a case; HERMOD_SIM_NOTES says how many steps to
/// print, HERMOD_SIM_RUNS how many seeds a case runs.
class Simulation : public ::testing::TestWithParam<int> {
 protected:
  static void SetUpTestSuite() {
    std::signal(SIGABRT, on_abort);
    std::signal(SIGSEGV, on_abort);
    log::set_level(log::Level::Error);
  }

  static void run_case(Trouble trouble, std::uint64_t base) {
    std::uint64_t elided = 0;
    if (const std::uint64_t seed = number_from("HERMOD_SIM_SEED", 0)) {
      EXPECT_TRUE(run_seed(seed, trouble, elided)) << "HERMOD_SIM_SEED=" << seed;
      return;
    }
    const std::uint64_t seeds = number_from("HERMOD_SIM_RUNS", kSeedsPerCase);
    const std::uint64_t first = base + static_cast<std::uint64_t>(GetParam()) * seeds;
    for (std::uint64_t seed = first; seed < first + seeds; ++seed)
      ASSERT_TRUE(run_seed(seed, trouble, elided)) << "replay with HERMOD_SIM_SEED=" << seed;
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
