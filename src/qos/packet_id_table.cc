#include "qos/packet_id_table.h"

#include <utility>

#include "base/assert.h"

namespace hermod::qos {
namespace {

/// The first heap table: room for eight exchanges in 64 bytes.
constexpr std::size_t kFirstHeap = 16;
/// A table that is full at this size grows to one slot for every id, where ids cannot meet at all: a hostile
/// choice of ids makes a search no longer than this.
constexpr std::size_t kLastShared = 4096;
constexpr std::size_t kEveryId = 65536;

std::size_t next_slot(std::size_t slot, std::size_t slot_count) {
  return (slot + 1) & (slot_count - 1);
}

/// Neighbouring ids are usual, and side by side they would make one long run to walk through at each erase:
/// multiplication by 2^16 divided by the golden ratio scatters them over the table.
std::size_t home_slot(wire::PacketId id, std::size_t slot_count) {
  if (slot_count == kEveryId) return id.v;
  const auto scattered = static_cast<std::uint16_t>(id.v * 40503U);
  return scattered * slot_count >> 16;
}

/// Places an exchange into a table that has a free slot.
void place(std::span<InboundExchange> table, const InboundExchange& exchange) {
  std::size_t slot = home_slot(exchange.id, table.size());
  while (table[slot].id.v != 0) slot = next_slot(slot, table.size());
  table[slot] = exchange;
}

}  // namespace

std::span<InboundExchange> PacketIdTable::table() {
  if (heap_.empty()) return inside_;
  return heap_;
}

std::span<const InboundExchange> PacketIdTable::slots() const {
  if (heap_.empty()) return inside_;
  return heap_;
}

const InboundExchange* PacketIdTable::find(wire::PacketId id) const {
  const std::span<const InboundExchange> all = slots();
  std::size_t slot = home_slot(id, all.size());
  // A full table inside the object has no free slot to stop at, so the walk is counted.
  for (std::size_t steps = 0; steps < all.size() && all[slot].id.v != 0; ++steps) {
    if (all[slot].id == id) return &all[slot];
    slot = next_slot(slot, all.size());
  }
  return nullptr;
}

InboundExchange* PacketIdTable::find(wire::PacketId id) {
  return const_cast<InboundExchange*>(std::as_const(*this).find(id));
}

void PacketIdTable::insert(InboundExchange exchange) {
  HERMOD_ASSERT(exchange.id.v != 0);
  if (heap_.empty() && size_ == kInside) rebuild(kFirstHeap);
  if (!heap_.empty() && heap_.size() < kEveryId && 2 * (size_ + 1) > heap_.size())
    rebuild(heap_.size() < kLastShared ? 2 * heap_.size() : kEveryId);
  place(table(), exchange);
  ++size_;
}

void PacketIdTable::erase(const InboundExchange* exchange) {
  const std::span<InboundExchange> all = table();
  // Backward shift: whatever was pushed past the hole by it moves into it, so no tombstones are needed.
  std::size_t hole = static_cast<std::size_t>(exchange - all.data());
  all[hole] = {};
  std::size_t slot = next_slot(hole, all.size());
  const std::size_t reach = all.size() == kEveryId ? 1 : all.size();
  for (std::size_t steps = 1; steps < reach && all[slot].id.v != 0; ++steps) {
    const std::size_t home = home_slot(all[slot].id, all.size());
    const std::size_t from_home = (slot - home) & (all.size() - 1);
    const std::size_t from_hole = (slot - hole) & (all.size() - 1);
    if (from_home >= from_hole) {
      all[hole] = std::exchange(all[slot], {});
      hole = slot;
    }
    slot = next_slot(slot, all.size());
  }
  --size_;
  if (size_ == 0) std::vector<InboundExchange>().swap(heap_);
}

void PacketIdTable::rebuild(std::size_t slot_count) {
  std::vector<InboundExchange> bigger(slot_count);
  for (const InboundExchange& exchange : slots())
    if (exchange.id.v != 0) place(bigger, exchange);
  inside_ = {};
  heap_ = std::move(bigger);
}

}  // namespace hermod::qos
