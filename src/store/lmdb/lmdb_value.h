#pragma once
#include <lmdb.h>

#include <cstdint>

#include "base/bytes.h"

namespace hermod::store {

/// What a value of the library shows; valid as long as the transaction that gave it.
inline Bytes bytes_of(const MDB_val& value) {
  return {static_cast<const std::uint8_t*>(value.mv_data), value.mv_size};
}

}  // namespace hermod::store
