#include "admin/heap.h"

#include <malloc.h>

namespace hermod::admin {

std::uint64_t heap_in_use() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

}  // namespace hermod::admin
