#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/ids.h"
#include "store/flush.h"
#include "store/write_batch.h"

namespace hermod::store {

/// What the submitter wants back with the outcome; the room above gives it meaning.
struct Ticket {
  virtual ~Ticket() = default;
};

/// Sequences of a stream that are taken without entries: whoever has them gives them to what is not in the
/// store, and no entry will ever have one of them.
struct Taking {
  StreamId stream;
  std::uint32_t count = 0;  ///< zero: nothing is taken
};

/// A batch on its way to the committer. The ticket may be null.
struct Submission {
  WriteBatch batch;
  std::unique_ptr<Ticket> ticket;
  /// Its write may be put off for a moment, in which it may become needless. Only for a batch with nothing
  /// but new entries and their message, whose receivers are all there to acknowledge it; or with nothing but
  /// erases of entries that nobody needs any more, for which no answer waits.
  bool may_wait = false;
  /// Whatever Options::flush says, it counts as durable only when it is synced, with everything before it.
  /// False: a power cut may take it although it was answered for; only for a batch whose loss its clients can
  /// bear.
  bool needs_sync = true;
  /// What holds for it, without needs_sync, in place of Options::flush.
  std::optional<Flush> flush{};
  /// With it these are taken, which are neighbours; Done says where they begin. They count as appends do: no
  /// start after a crash gives them again.
  Taking taking{};
  /// The committer's: the store is full, and the batch was emptied.
  bool is_refused = false;
};

/// The sequence that one append of a batch got.
struct Appended {
  std::size_t op;  // what WriteBatch::append() returned
  StreamId stream;
  Seq seq;
  /// No start after a crash gives it again, whatever becomes of the batch: a client may hear of it.
  bool may_be_told = false;
};

/// One submitted batch on its way through the stages. The observer may look at the ticket when it is
/// sequenced and may take it when it is durable or has failed.
struct Done {
  std::unique_ptr<Ticket> ticket;
  std::span<const Appended> appended;  // in op order; valid during the call; the first that was taken is last
  bool elided = false;                 // all its entries were erased before it was written: it never will be
  bool refused = false;                // the store is full: it is told of by on_failed alone
};

}  // namespace hermod::store
