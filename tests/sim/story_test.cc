#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>

#include "base/log.h"
#include "tests/sim/delayed_story.h"
#include "tests/sim/seed_run.h"
#include "tests/sim/stream_story.h"

namespace hermod::sim {
namespace {

constexpr std::uint64_t kStoriesPerCase = 50;
constexpr int kStoryCases = std::max(1, HERMOD_SIM_CASES / 5);  // 4, or fewer
constexpr std::size_t kStoryStepsToTake = 1500;

/// Seeds as in simulation_test.cc.
class Stories : public ::testing::TestWithParam<int> {
 protected:
  static void SetUpTestSuite() {
    SeedRun::watch_for_aborts();
    log::set_level(log::Level::Error);
  }

  template <class AnyStory>
  static void tell(Trouble trouble, std::uint64_t base) {
    const std::uint64_t seeds = number_from("HERMOD_SIM_RUNS", kStoriesPerCase);
    const std::uint64_t first = base + static_cast<std::uint64_t>(GetParam()) * seeds;
    const std::uint64_t broken = first_broken_seed(first, seeds, [&](std::uint64_t seed, Report& report) {
      return AnyStory(seed, trouble, number_from("HERMOD_SIM_STEPS", kStoryStepsToTake), report).run();
    });
    EXPECT_EQ(broken, 0U) << "replay with HERMOD_SIM_SEED=" << broken;
  }
};

class Streams : public Stories {};
class DelayedMessages : public Stories {};

TEST_P(Streams, AreGaplessAndKeepWhatTheySay) {
  tell<StreamStory>({}, 1);
}
TEST_P(Streams, AreGaplessOverFailuresOfTheStore) {
  tell<StreamStory>({.disk_fails = true}, 1'000'001);
}
TEST_P(Streams, AreGaplessOverCrashes) {
  tell<StreamStory>({.broker_crashes = true}, 2'000'001);
}
TEST_P(Streams, AreGaplessOverCrashesAndFailures) {
  tell<StreamStory>({.disk_fails = true, .broker_crashes = true}, 3'000'001);
}
TEST_P(DelayedMessages, ComeOnceInTimeAndInOrder) {
  tell<DelayedStory>({}, 4'000'001);
}
TEST_P(DelayedMessages, ComeOnceOverFailuresOfTheStore) {
  tell<DelayedStory>({.disk_fails = true}, 5'000'001);
}
TEST_P(DelayedMessages, ComeOnceOverCrashes) {
  tell<DelayedStory>({.broker_crashes = true}, 6'000'001);
}
TEST_P(DelayedMessages, ComeOnceOverCrashesAndFailures) {
  tell<DelayedStory>({.disk_fails = true, .broker_crashes = true}, 7'000'001);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Streams, ::testing::Range(0, kStoryCases));
INSTANTIATE_TEST_SUITE_P(Seeds, DelayedMessages, ::testing::Range(0, kStoryCases));

}  // namespace
}  // namespace hermod::sim
