#pragma once
#include <cstdint>

#include "store/wear.h"

namespace hermod::store {

/// Numbers of the store since it was opened; bytes where nothing else is said.
struct Stats {
  std::uint64_t used_bytes = 0;       // pages in use, journal and tables
  std::uint64_t max_bytes = 0;        // Options::max_size
  bool full = false;                  // what may be refused is refused
  std::uint64_t disk_free_bytes = 0;  // of the file system, for us
  std::uint64_t journal_file_bytes = 0;
  std::uint64_t tables_file_bytes = 0;
  std::uint64_t journal_used_bytes = 0;
  std::uint64_t tables_used_bytes = 0;
  std::uint64_t groups = 0;              // appended
  std::uint64_t journaled_bytes = 0;     // size of the records appended
  Wear wear;                             // what was accepted and what was written for it
  std::uint64_t checkpointed_bytes = 0;  // keys and values written to the tables
  std::uint64_t memtable_entries = 0;    // changes that wait for a checkpoint
  std::uint64_t waiting_bytes = 0;       // journaled and not yet in the tables
  std::uint64_t checkpoints = 0;
  std::uint64_t failed_checkpoints = 0;
  std::uint64_t commit_micros = 0;  // that the appends took, with their syncs, together
  std::uint64_t last_checkpoint_micros = 0;
};

}  // namespace hermod::store
