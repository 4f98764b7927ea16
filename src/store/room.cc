#include "store/room.h"

#include <algorithm>

namespace hermod::store {
namespace {

constexpr std::uint64_t kMarginPart = 16;
constexpr std::uint64_t kLargestMargin = std::uint64_t{256} << 20;

}  // namespace

Room::Room(std::uint64_t journal, std::uint64_t tables)
    : journal_(journal),
      tables_(tables),
      margin_(std::min(tables / kMarginPart, kLargestMargin)),
      left_(tables) {}

/// Half of the journal is kept for what is never refused, and because a record begins in a segment of its own
/// when it does not fit behind the last one.
bool Room::has(std::uint64_t bytes, std::uint64_t waiting) const {
  return !full() && waiting + bytes <= std::min(left(), journal_ / 2);
}

bool Room::set_tables_used(std::uint64_t bytes) {
  const std::uint64_t left = tables_ - std::min(bytes, tables_);
  left_.store(left, std::memory_order_relaxed);
  const bool was_full = full();
  const bool is_full = left < (was_full ? 2 * margin_ : margin_);
  full_.store(is_full, std::memory_order_relaxed);
  return is_full != was_full;
}

}  // namespace hermod::store
