#include "offset_check.h"

#include <algorithm>

namespace hermod::bench {

OffsetCheck::Arrival OffsetCheck::on_offset(std::uint64_t offset) {
  const std::uint64_t expected = expected_ != 0 ? expected_ : std::min(offset, next_ != 0 ? next_ : offset);
  if (offset < expected) return Arrival::Backwards;
  missing_ += offset - expected;
  expected_ = offset + 1;
  if (offset < next_) return Arrival::Again;
  next_ = offset + 1;
  return Arrival::Next;
}

}  // namespace hermod::bench
