#pragma once
#include <cstdint>

#include "base/bytes.h"

namespace hermod::store {

/// One step of the checksum without the processor's instruction: `state` is the inverted value so far.
std::uint32_t extend_crc32c_portable(std::uint32_t state, Bytes bytes);

/// CRC-32C over bytes that come in pieces; the same value as hermod::crc32c over all of them at once.
/// Uses the processor's instruction where there is one.
class Checksum {
 public:
  void add(Bytes bytes);
  std::uint32_t value() const { return ~state_; }

 private:
  std::uint32_t state_ = 0xFFFFFFFFU;
};

/// Of bytes in one piece.
inline std::uint32_t checksum_of(Bytes bytes) {
  Checksum checksum;
  checksum.add(bytes);
  return checksum.value();
}

}  // namespace hermod::store
