#include "histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace hermod::bench {
namespace {

TEST(Histogram, IsZeroWhileEmpty) {
  const Histogram histogram;
  EXPECT_EQ(histogram.at(0.5), 0U);
  EXPECT_EQ(histogram.max(), 0U);
}

TEST(Histogram, SmallValuesAreExact) {
  Histogram histogram;
  for (std::uint64_t v = 1; v <= 100; ++v) histogram.record(v);
  EXPECT_EQ(histogram.at(0.5), 50U);
  EXPECT_EQ(histogram.at(0.99), 99U);
  EXPECT_EQ(histogram.at(1.0), 100U);
}

TEST(Histogram, ReadsBackWithinItsPromisedError) {
  std::mt19937_64 random(3);
  Histogram histogram;
  std::vector<std::uint64_t> values;
  for (int i = 0; i < 20000; ++i) {
    values.push_back(random() >> (random() % 60));
    histogram.record(values.back());
  }
  std::sort(values.begin(), values.end());
  for (const double quantile : {0.01, 0.1, 0.5, 0.9, 0.99, 0.999}) {
    const auto rank = static_cast<std::size_t>(quantile * static_cast<double>(values.size())) - 1;
    const double exact = static_cast<double>(values[rank]);
    EXPECT_GE(static_cast<double>(histogram.at(quantile)), exact);
    EXPECT_LE(static_cast<double>(histogram.at(quantile)), exact * 1.016 + 1) << quantile;
  }
  EXPECT_EQ(histogram.at(1.0), values.back());
}

TEST(Histogram, HoldsTheLargestNumber) {
  Histogram histogram;
  histogram.record(~std::uint64_t{0});
  EXPECT_EQ(histogram.at(0.5), ~std::uint64_t{0});
}

TEST(Histogram, MergingEqualsRecordingIntoOne) {
  Histogram all;
  Histogram a;
  Histogram b;
  for (std::uint64_t v = 1; v < 100000; v += 7) {
    all.record(v);
    (v % 2 == 0 ? a : b).record(v);
  }
  a.merge(b);
  EXPECT_EQ(a.count(), all.count());
  EXPECT_EQ(a.max(), all.max());
  for (const double quantile : {0.1, 0.5, 0.9}) EXPECT_EQ(a.at(quantile), all.at(quantile));
}

}  // namespace
}  // namespace hermod::bench
