#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace hermod::bench {

/// Counts durations in logarithmic buckets: 64 buckets per power of two, so a value read back is at most
/// 1.6 % above what was recorded. Written by one thread; merged when the threads are done.
class Histogram {
 public:
  Histogram() : buckets_(std::make_unique<Buckets>()) { buckets_->fill(0); }

  void record(std::uint64_t nanoseconds) {
    ++(*buckets_)[bucket_for(nanoseconds)];
    ++count_;
    if (nanoseconds > max_) max_ = nanoseconds;
  }
  void merge(const Histogram& other);

  std::uint64_t count() const { return count_; }
  std::uint64_t max() const { return max_; }
  /// The upper end of the bucket that holds the given share of all values. `quantile` is 0..1; 0 when empty.
  std::uint64_t at(double quantile) const;

 private:
  static constexpr int kSubBits = 6;
  static constexpr std::size_t kSub = std::size_t{1} << kSubBits;
  static constexpr std::size_t kBuckets = (64 - kSubBits + 1) * kSub;
  using Buckets = std::array<std::uint64_t, kBuckets>;

  static std::size_t bucket_for(std::uint64_t value);
  static std::uint64_t upper_end(std::size_t bucket);

  std::unique_ptr<Buckets> buckets_;
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace hermod::bench
