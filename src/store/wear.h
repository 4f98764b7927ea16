#pragma once
#include <cstdint>

namespace hermod::store {

/// What the store was given and what it wrote for that, in bytes since it was opened. A plain value.
struct Wear {
  std::uint64_t accepted = 0;  ///< values of messages, entries and records in the groups that were appended
  std::uint64_t journal = 0;   ///< blocks, with the zeros that fill them, and the headers of segments
  std::uint64_t tables = 0;    ///< pages

  std::uint64_t written() const { return journal + tables; }
  /// Bytes written for each that was accepted; 0 when none was.
  double per_byte() const {
    return accepted == 0 ? 0 : static_cast<double>(written()) / static_cast<double>(accepted);
  }
};

}  // namespace hermod::store
