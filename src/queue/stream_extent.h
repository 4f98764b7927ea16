#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

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
/// never less. A block stands for 256 neighbouring sequences at most, whatever is missing among them.
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
  /// At a start, in rising order and before anything else: an entry that is there. True: as many as a block
  /// holds are there since the last time, and set_newest() follows, as behind the last entry of all.
  bool restore(Seq seq, std::size_t size);
  /// When the last entry that was restored was stored: none behind the last time is taken for older.
  void set_newest(WallTime newest);
  /// At a start: this sequence is a mark, and no entry. The next one is behind it.
  void restore_mark(Seq seq);

  /// It leaves, because there is a newer one of its key. False: the retention has it already. Precondition:
  /// it is not the last of all.
  bool remove(Seq seq, std::size_t size);

  /// The oldest entry that is there, or next(); it may be one that was removed, and the oldest a little
  /// behind it.
  Seq first() const;
  /// What the next entry will be.
  Seq next() const;
  Amount held() const;
  /// Something was removed, so that not every sequence behind first() is an entry.
  bool has_holes() const;
  /// From here on nobody has lost what is not there: it was removed. Behind everything, when nothing was.
  Seq holes_from() const;
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
    /// The parts of it where anything may be, in rising order: from each up to another.
    struct Stretch {
      Seq from;
      Seq to;
    };
    std::vector<Stretch> stretches{};
    std::uint64_t entries = 0;  ///< what was no mark
    bool leaves_mark = false;   ///< `to` minus one does
  };
  /// The oldest that the retention does not keep, in so many sequences at about most; from now on they are
  /// not counted.
  std::optional<Leaving> take_leaving(WallTime now, std::uint64_t most);
  /// When something will have to leave because of its age; nothing: not because of that.
  std::optional<WallTime> next_due() const;

 private:
  struct Block {
    Seq first;
    Seq last;  ///< that was there
    Amount amount;
    WallTime oldest{};
    WallTime newest{};
  };
  Block& block_for(Seq seq);
  bool is_large(const Amount& amount) const;
  bool is_full(const Block& block) const;
  bool must_leave(const Block& block, WallTime now) const;
  void drop_empty();

  mutable std::mutex mutex_;
  std::deque<Block> blocks_;  // the first and the last are not empty
  std::size_t empty_ = 0;     // of these what is
  bool is_open_ = false;      // the last block takes more
  bool has_holes_ = false;
  Seq retired_to_{};       // in front of it the retention has been, as far as is known
  std::size_t timed_ = 0;  // at a start: of these whose times are known
  Amount untimed_;         // what is in the others
  Amount held_;
  Seq next_{1};
  std::optional<Seq> mark_;
  WallTime newest_{};  // of all; clocks of several shards differ, and this never goes back
  std::optional<std::chrono::milliseconds> most_time_;
  std::optional<std::uint64_t> most_bytes_;
  std::optional<std::uint64_t> most_count_;
};

}  // namespace hermod::queue
