#pragma once
#include <cstddef>
#include <span>

#include "base/clock.h"
#include "base/ids.h"

namespace hermod::store {

struct Submission;

/// Told of every group that the journal has taken, so that readers find it. Implemented by the store; called
/// on the committer's thread, behind the append and before on_durable: whoever hears of a commit can read it.
class CommitSink {
 public:
  virtual ~CommitSink() = default;
  /// Whether there is room for so many more bytes of what may be refused. Asked before they are written.
  virtual bool has_room(std::size_t) const { return true; }
  /// The batches of `group` have their sequences and lie in the record in this order; empty ones left no
  /// trace.
  virtual void applied(GroupNo number, WallTime batch_time, std::span<const Submission> group) = 0;
};

}  // namespace hermod::store
