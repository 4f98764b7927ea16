#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "store/flush.h"

namespace hermod::store {

/// What the operator can set about the store. Read once at start.
struct Options {
  /// A commit group is closed at this size, so that a journal record stays small enough to be replicated.
  /// One batch larger than this makes a group of its own.
  std::size_t max_group_bytes = std::size_t{1} << 20;
  /// How long the write of a QoS 1 message may wait for its receivers, all of them connected: when they have
  /// acknowledged it by then, it is not written at all. 0: nothing waits.
  std::chrono::milliseconds elide_wait{2};
  /// How much a power cut may take of what was answered.
  Flush flush{};
  /// Bytes that one shard may have with the committer before it stops reading from its publishers.
  std::size_t max_bytes_in_flight = std::size_t{16} << 20;
  /// Threads for blocking reads, 1 to 4.
  std::size_t reader_threads = 1;
  /// The folder of the store; empty: memory only.
  std::string path = "var";
  /// What journal and tables together may hold, in bytes: the journal gets a quarter, the tables the rest.
  std::uint64_t max_size = std::uint64_t{16} << 30;
  std::uint64_t journal_size() const { return max_size / 4; }
  std::uint64_t tables_size() const { return max_size - journal_size(); }
  /// Journaled bytes after which the tables are brought up to date. Waits for up to eight times as much while
  /// what there is to write is spread so thin over the streams that it would cost more than it frees.
  std::size_t checkpoint_bytes = std::size_t{64} << 20;
  /// What the machine has, of which the changes that wait for a checkpoint take a sixteenth at most; 0:
  /// plenty.
  std::uint64_t machine_memory = 0;
  /// At the latest after this time, when anything has changed.
  std::chrono::seconds checkpoint_interval{300};
};

}  // namespace hermod::store
