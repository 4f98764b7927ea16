#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>

#include "base/clock.h"
#include "base/ids.h"
#include "queue/queue_definition.h"
#include "queue/queue_window.h"
#include "queue/stream_form.h"

namespace hermod::queue {

/// Where a reader begins: with this entry, and of those from there on not before the first that was stored at
/// `not_before` or later.
struct StreamPosition {
  Seq next{1};
  WallTime not_before{};
  friend bool operator==(const StreamPosition&, const StreamPosition&) = default;
};

/// Which entries a stream has, and which have to leave: their numbers, sizes and times in blocks, never the
/// entries themselves, so a million of them takes some hundred KiB. Blocks end at a sixteenth of the
/// retention, and entries leave by blocks: a stream keeps at most that much more than it was asked for, and
/// never less.
///
/// Shared by the committer, which adds what is durable, by the stream's owner, which takes out what has to
/// leave, and by whoever begins to read; each call takes its own lock for a moment. Lives as long as the
/// stream. ADR 0029.
class StreamExtent {
 public:
  explicit StreamExtent(const QueueDefinition& definition) { set_retention(definition); }

  void set_retention(const QueueDefinition& definition);

  /// An entry is durable. Precondition: seq >= next().
  void append(Seq seq, std::size_t size, WallTime stored_at);
  /// At a start, in rising order and before anything else: an entry that is there. True: a block ends with
  /// it, and set_newest() follows, as behind the last entry of all.
  bool restore(Seq seq, std::size_t size);
  /// When the last entry that was restored was stored.
  void set_newest(WallTime newest);
  /// At a start: this sequence is a mark, and no entry. The next one is behind it.
  void restore_mark(Seq seq);

  /// The oldest entry that is there, or next().
  Seq first() const;
  /// What the next entry will be.
  Seq next() const;
  Amount held() const;
  /// When the newest entry of the oldest block was stored; nothing: there is none.
  std::optional<WallTime> oldest() const;

  StreamPosition position(const StreamStart& start) const;
  /// About when the first entry from there on was stored, as far as blocks say; nothing: there is none.
  std::optional<WallTime> time_of(Seq seq) const;

  /// Entries that leave the store, from one sequence up to another. The last of a stream becomes a mark
  /// instead, so that a start knows what comes next.
  struct Leaving {
    Seq from;
    Seq to;
    std::uint64_t entries = 0;  ///< of these what was no mark
    bool leaves_mark = false;   ///< `to` minus one does
  };
  /// The oldest that the retention does not keep, so many at about most; from now on they are not counted.
  std::optional<Leaving> take_leaving(WallTime now, std::uint64_t most);
  /// When something will have to leave because of its age; nothing: not because of that.
  std::optional<WallTime> next_due() const;

 private:
  struct Block {
    Seq first;
    Amount amount;
    WallTime oldest{};
    WallTime newest{};
  };
  bool is_full(const Block& block) const;
  bool must_leave(const Block& block, WallTime now) const;

  mutable std::mutex mutex_;
  std::deque<Block> blocks_;
  bool is_open_ = false;  // the last block takes more
  Amount held_;
  Seq next_{1};
  std::optional<Seq> mark_;
  WallTime newest_{};  // of all; clocks of several shards differ, and this never goes back
  std::optional<std::chrono::milliseconds> most_time_;
  std::optional<std::uint64_t> most_bytes_;
  std::optional<std::uint64_t> most_count_;
};

}  // namespace hermod::queue
