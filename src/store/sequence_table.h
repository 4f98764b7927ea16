#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/ids.h"

namespace hermod::store {

/// The next sequence of every stream, and up to where its sequences are reserved on disk: an open-addressed
/// table of four words per stream, because the committer looks here once per append. Touched by one thread;
/// belongs to the committer.
///
/// After a crash a stream goes on at its reserved bound, so a sequence may only be told to anybody when the
/// bound on disk is above it. Blocks are as long as the stream is, between 64 and 4096, and the next one is
/// reserved while a quarter of the last one is left, so that nobody has to wait for it.
class SequenceTable {
 public:
  struct Taken {
    Seq seq;
    Seq reserve;  // the bound to put on disk together with this sequence; zero: it is there or on its way
    bool may_be_told = false;  // a bound above it is on disk already
  };
  /// The next sequence of `stream`, from 1 upward; it is never given again.
  Taken take(StreamId stream);
  /// So many neighbours at once; `seq` is the first of them. Whether they may be told is certain as soon as
  /// `reserve` is on disk, which is asked for anew while it is not.
  Taken take_block(StreamId stream, std::uint32_t count);
  /// take(stream) comes soon: fetches the memory it will look at.
  void expect(StreamId stream) const {
    if (!slots_.empty()) __builtin_prefetch(&slots_[home(stream.v)], 1);
  }
  /// The next take(stream) gives at least `next`. Never goes back.
  void restore(StreamId stream, Seq next);
  /// This one and all behind it were given for nothing, and nobody was told of them: they are given again.
  void give_back(StreamId stream, Seq from);
  /// Forgets the stream; its id must never be used again.
  void forget(StreamId stream);
  /// The bound is on disk.
  void settle(StreamId stream, Seq bound);
  /// What was reserved may not have reached the disk: every stream reserves again at its next take().
  void forget_reservations();
  /// What take() would give.
  Seq peek(StreamId stream) const;
  std::size_t size() const { return size_; }

 private:
  struct Slot {
    std::uint64_t stream = 0;
    std::uint64_t next = 0;      // zero: free
    std::uint64_t reserved = 0;  // the first sequence that is not reserved
    std::uint64_t on_disk = 0;   // the same, as far as it is certain
  };
  Slot& find_or_insert(StreamId stream);
  std::size_t find(StreamId stream) const;
  std::size_t home(std::uint64_t stream) const;
  void grow();

  std::vector<Slot> slots_;  // a power of two, at most three quarters full
  std::size_t size_ = 0;
};

}  // namespace hermod::store
