#include "admin/load_average.h"

#include <gtest/gtest.h>

namespace hermod::admin {
namespace {

using std::chrono::seconds;

TEST(LoadAverage, SteadyRateIsReachedByEveryWindow) {
  LoadAverage load;
  std::uint64_t total = 0;
  for (int i = 0; i < 6 * 120; ++i) load.update(total += 50, seconds{10});
  for (std::size_t i = 0; i < LoadAverage::kMinutes.size(); ++i) EXPECT_NEAR(load.average(i), 300.0, 0.5);
}

TEST(LoadAverage, ShortWindowsForgetFaster) {
  LoadAverage load;
  load.update(1000, seconds{10});
  for (int i = 0; i < 30; ++i) load.update(1000, seconds{10});
  EXPECT_LT(load.average(0), load.average(1));
}

TEST(LoadAverage, OneMinuteAverageFallsToOneEthAfterAMinuteOfSilence) {
  LoadAverage load;
  std::uint64_t total = 0;
  for (int i = 0; i < 6 * 60; ++i) load.update(total += 10, seconds{10});
  for (int i = 0; i < 6; ++i) load.update(total, seconds{10});
  EXPECT_NEAR(load.average(0), 60.0 / 2.71828, 0.3);
}

}  // namespace
}  // namespace hermod::admin
