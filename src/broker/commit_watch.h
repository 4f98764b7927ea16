#pragma once
#include <cstddef>
#include <cstdint>
#include <utility>

#include "store/committer.h"

namespace hermod::broker {

/// Tells from one look to the next whether the committer is stuck: it owed answers at both and finished no
/// group in between. Owned and used by the thread that asks; the committer may belong to another.
class CommitWatch {
 public:
  /// False when the committer stood still with work in hand since the last call.
  bool moved(const store::Committer& committer) {
    const bool was_busy = std::exchange(busy_, committer.bytes_in_flight() > 0);
    const std::uint64_t before = std::exchange(groups_, committer.groups_finished());
    return !was_busy || !busy_ || groups_ != before;
  }

 private:
  bool busy_ = false;
  std::uint64_t groups_ = 0;
};

}  // namespace hermod::broker
