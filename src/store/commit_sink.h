#pragma once
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
  /// The batches of `group` have their sequences and lie in the record in this order; empty ones left no
  /// trace.
  virtual void applied(GroupNo number, WallTime batch_time, std::span<const Submission> group) = 0;
};

}  // namespace hermod::store
