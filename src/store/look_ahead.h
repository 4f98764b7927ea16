#pragma once
#include <array>
#include <cstddef>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "base/ids.h"
#include "store/generation.h"
#include "store/write_batch.h"

namespace hermod::store {

/// Runs ahead of the changes of a group and has the memory fetched that they will look at: the streams of a
/// group are mostly many and cold. Changes nothing. Borrows the group and the generation.
class LookAhead {
 public:
  /// `batches`: the ops of each batch of the group, in order.
  LookAhead(const Generation& generation, std::span<const Bytes> batches)
      : generation_(generation), batches_(batches) {
    for (std::size_t i = 0; i < 2 * kDistance; ++i) step();
  }
  /// Call once per op that is applied.
  void step() {
    const StreamId far = next_stream();
    generation_.expect_stream(far);
    generation_.expect_entries(streams_[(at_ + kDistance) % streams_.size()]);
    streams_[at_ % streams_.size()] = far;
    ++at_;
  }

 private:
  static constexpr std::size_t kDistance = 8;

  /// Zero when the op has none, and at the end.
  StreamId next_stream() {
    for (;;) {
      if (const std::optional<Op> op = reader_.next()) return op->stream;
      if (next_batch_ == batches_.size()) return {};
      reader_ = OpReader(batches_[next_batch_++]);
    }
  }

  const Generation& generation_;
  std::span<const Bytes> batches_;
  std::size_t next_batch_ = 0;
  OpReader reader_{Bytes{}};
  std::array<StreamId, 2 * kDistance> streams_{};
  std::size_t at_ = 0;
};

}  // namespace hermod::store
