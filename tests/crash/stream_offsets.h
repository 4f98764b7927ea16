#pragma once
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "tests/crash/ledger.h"

namespace hermod::crash {

/// What readers of one stream saw of its offsets, over any number of deaths of the broker: each rises by one
/// from 1 on, for each reader, and has the same message for all of them and for ever. Whoever has lost his
/// connection may get again what he had. Shared by all threads of a test, locked.
class StreamOffsets {
 public:
  explicit StreamOffsets(Ledger& ledger) : ledger_(ledger) {}

  void connected(const std::string& reader);
  /// True when it is the first time for this reader.
  bool arrived(const std::string& reader, std::uint64_t offset, const std::string& topic,
               std::uint64_t number);
  std::uint64_t count() const;
  /// Entries that a reader got again behind a lost connection.
  std::uint64_t again_count() const;

 private:
  struct Reader {
    std::uint64_t next = 1;      ///< one above the highest
    std::uint64_t expected = 0;  ///< on this connection; 0: nothing has come
  };

  Ledger& ledger_;
  mutable std::mutex mutex_;
  std::map<std::uint64_t, std::pair<std::string, std::uint64_t>> entries_;  ///< topic and number
  std::map<std::string, Reader> readers_;
  std::uint64_t again_ = 0;
};

}  // namespace hermod::crash
