#include "histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace hermod::bench {

std::size_t Histogram::bucket_for(std::uint64_t value) {
  const int shift = std::max(0, static_cast<int>(std::bit_width(value)) - kSubBits - 1);
  return static_cast<std::size_t>(shift) * kSub + static_cast<std::size_t>(value >> shift);
}

std::uint64_t Histogram::upper_end(std::size_t bucket) {
  if (bucket < 2 * kSub) return bucket;
  const std::size_t shift = bucket / kSub - 1;
  const std::uint64_t leading = bucket - shift * kSub;
  return ((leading + 1) << shift) - 1;
}

void Histogram::merge(const Histogram& other) {
  for (std::size_t i = 0; i < kBuckets; ++i) (*buckets_)[i] += (*other.buckets_)[i];
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
}

std::uint64_t Histogram::at(double quantile) const {
  if (count_ == 0) return 0;
  const auto rank = static_cast<std::uint64_t>(std::ceil(quantile * static_cast<double>(count_)));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    seen += (*buckets_)[i];
    if (seen >= std::max<std::uint64_t>(rank, 1)) return std::min(upper_end(i), max_);
  }
  return max_;
}

}  // namespace hermod::bench
