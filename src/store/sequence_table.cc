#include "store/sequence_table.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/assert.h"

namespace hermod::store {
namespace {

constexpr std::size_t kFirstSize = 64;
constexpr std::uint64_t kFirstBlock = 64;
constexpr std::uint64_t kLargestBlock = 4096;
constexpr std::size_t kNowhere = ~std::size_t{0};

}  // namespace

SequenceTable::Taken SequenceTable::take(StreamId stream) {
  Slot& slot = find_or_insert(stream);
  const std::uint64_t seq = slot.next++;
  const bool may_be_told = seq < slot.on_disk;
  const std::uint64_t block = std::clamp(std::bit_floor(seq), kFirstBlock, kLargestBlock);
  if (seq + block / 4 < slot.reserved) return {{seq}, {}, may_be_told};
  slot.reserved = seq + block;
  return {{seq}, {slot.reserved}, may_be_told};
}

SequenceTable::Taken SequenceTable::take_block(StreamId stream, std::uint32_t count) {
  Slot& slot = find_or_insert(stream);
  const std::uint64_t first = slot.next;
  slot.next += count;
  const bool may_be_told = slot.next <= slot.on_disk;
  const std::uint64_t block = std::clamp(std::bit_floor(slot.next), kFirstBlock, kLargestBlock);
  if (may_be_told && slot.next + block / 4 < slot.reserved) return {{first}, {}, true};
  slot.reserved = std::max(slot.reserved, slot.next + block);
  return {{first}, {slot.reserved}, may_be_told};
}

void SequenceTable::settle(StreamId stream, Seq bound) {
  const std::size_t at = find(stream);
  if (at != kNowhere) slots_[at].on_disk = std::max(slots_[at].on_disk, bound.v);
}

void SequenceTable::forget_reservations() {
  for (Slot& slot : slots_) slot.reserved = 0;
}

void SequenceTable::restore(StreamId stream, Seq next) {
  Slot& slot = find_or_insert(stream);
  slot.next = std::max(slot.next, next.v);
}

void SequenceTable::give_back(StreamId stream, Seq from) {
  const std::size_t at = find(stream);
  if (at != kNowhere) slots_[at].next = std::min(slots_[at].next, from.v);
}

Seq SequenceTable::peek(StreamId stream) const {
  const std::size_t at = find(stream);
  return at == kNowhere ? Seq{1} : Seq{slots_[at].next};
}

void SequenceTable::forget(StreamId stream) {
  std::size_t hole = find(stream);
  if (hole == kNowhere) return;
  // Backward shift: whatever was pushed past the hole by it moves into it, so no tombstones are needed.
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = (hole + 1) & mask; slots_[at].next != 0; at = (at + 1) & mask) {
    const std::size_t from_home = (at - home(slots_[at].stream)) & mask;
    const std::size_t from_hole = (at - hole) & mask;
    if (from_home >= from_hole) {
      slots_[hole] = slots_[at];
      hole = at;
    }
  }
  slots_[hole] = {};
  --size_;
}

SequenceTable::Slot& SequenceTable::find_or_insert(StreamId stream) {
  if (4 * (size_ + 1) > 3 * slots_.size()) grow();
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = home(stream.v);
  while (slots_[at].next != 0) {
    if (slots_[at].stream == stream.v) return slots_[at];
    at = (at + 1) & mask;
  }
  slots_[at] = {stream.v, 1, 0, 0};
  ++size_;
  return slots_[at];
}

std::size_t SequenceTable::find(StreamId stream) const {
  if (slots_.empty()) return kNowhere;
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = home(stream.v); slots_[at].next != 0; at = (at + 1) & mask)
    if (slots_[at].stream == stream.v) return at;
  return kNowhere;
}

std::size_t SequenceTable::home(std::uint64_t stream) const {
  // Multiplication spreads the numbers, the fold brings the high bits down to where the mask looks.
  const std::uint64_t spread = stream * 0x9E3779B97F4A7C15ULL;
  return static_cast<std::size_t>(spread ^ spread >> 32) & (slots_.size() - 1);
}

void SequenceTable::grow() {
  const std::vector<Slot> old =
      std::exchange(slots_, std::vector<Slot>(std::max(kFirstSize, 2 * slots_.size())));
  const std::size_t mask = slots_.size() - 1;
  for (const Slot& slot : old) {
    if (slot.next == 0) continue;
    std::size_t at = home(slot.stream);
    while (slots_[at].next != 0) at = (at + 1) & mask;
    slots_[at] = slot;
  }
}

}  // namespace hermod::store
