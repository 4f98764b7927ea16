#pragma once
#include <cstddef>

namespace hermod::store {

/// What the operator can set about the store. Read once at start.
struct Options {
  /// A commit group is closed at this size, so that a journal record stays small enough to be replicated.
  /// One batch larger than this makes a group of its own.
  std::size_t max_group_bytes = std::size_t{1} << 20;
  /// Bytes that one shard may have with the committer before it stops reading from its publishers.
  std::size_t max_bytes_in_flight = std::size_t{16} << 20;
  /// Threads for blocking reads, 1 to 4.
  std::size_t reader_threads = 1;
};

}  // namespace hermod::store
