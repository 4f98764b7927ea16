#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/ids.h"

namespace hermod::store {

/// The next sequence of every stream: an open-addressed table of two words per stream, because the committer
/// looks here once per append. Touched by one thread; belongs to the committer.
class SequenceTable {
 public:
  /// The next sequence of `stream`, from 1 upward; it is never given again.
  Seq take(StreamId stream);
  /// The next take(stream) gives at least `next`. Never goes back.
  void restore(StreamId stream, Seq next);
  /// Forgets the stream; its id must never be used again.
  void forget(StreamId stream);
  /// What take() would give.
  Seq peek(StreamId stream) const;
  std::size_t size() const { return size_; }

 private:
  struct Slot {
    std::uint64_t stream = 0;
    std::uint64_t next = 0;  // zero: free
  };
  Slot& find_or_insert(StreamId stream);
  std::size_t find(StreamId stream) const;
  std::size_t home(std::uint64_t stream) const;
  void grow();

  std::vector<Slot> slots_;  // a power of two, at most three quarters full
  std::size_t size_ = 0;
};

}  // namespace hermod::store
