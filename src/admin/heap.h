#pragma once
#include <cstdint>

namespace hermod::admin {

/// Bytes that the process has allocated and not freed, in all arenas. Takes each arena's lock for a moment;
/// 0 where the allocator does not tell (sanitizers). Any thread.
std::uint64_t heap_in_use();

}  // namespace hermod::admin
