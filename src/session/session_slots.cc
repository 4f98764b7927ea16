#include "session/session_slots.h"

#include <algorithm>

#include "base/assert.h"
#include "queue/queue_id.h"

namespace hermod::session {
namespace {

constexpr std::uint64_t kAlive = 1;
constexpr std::uint64_t kOnline = 2;
constexpr std::uint64_t kDurable = 4;
constexpr std::uint64_t kCongested = 8;
constexpr std::uint64_t kStalled = 16;
constexpr std::uint64_t kBusy = 32;
constexpr std::uint64_t kLate = 64;

std::uint32_t slot_of(SessionId id) {
  return static_cast<std::uint32_t>(id.v);
}
std::uint64_t generation_of(std::uint64_t state_or_id) {
  return state_or_id >> 32;
}

/// Of new sessions: with the bit above it an identifier would be a named queue's.
constexpr std::uint64_t kGenerationMask = 0x7FFFFFFF;

/// A count with the low bits of the generation above it: 16 TiB, and a million generations.
constexpr unsigned kCountBits = 44;
constexpr std::uint64_t kCountMask = (std::uint64_t{1} << kCountBits) - 1;

std::uint64_t tag_of(SessionId id) {
  return generation_of(id.v) << kCountBits;
}
std::uint64_t count_in(std::uint64_t tagged) {
  return tagged & kCountMask;
}

/// Adds `change`, modulo 2^44, if the cell still counts for `tag`; what it counts then, or nothing.
std::optional<std::uint64_t> add(std::atomic<std::uint64_t>& cell, std::uint64_t tag, std::uint64_t change) {
  std::uint64_t old = cell.load(std::memory_order_relaxed);
  for (;;) {
    if ((old & ~kCountMask) != tag) return std::nullopt;
    const std::uint64_t count = (old + change) & kCountMask;
    if (cell.compare_exchange_weak(old, tag | count, std::memory_order_relaxed)) return count;
  }
}

}  // namespace

SessionSlots::~SessionSlots() {
  for (auto& chunk : chunks_) delete chunk.load(std::memory_order_relaxed);
}

SessionSlots::Slot& SessionSlots::at(std::uint32_t slot) const {
  return (*chunks_[slot / kChunk].load(std::memory_order_acquire))[slot % kChunk];
}

SessionSlots::Slot* SessionSlots::find(SessionId id) const {
  const std::uint32_t slot = slot_of(id);
  if (slot / kChunk >= kChunks) return nullptr;
  Chunk* chunk = chunks_[slot / kChunk].load(std::memory_order_acquire);
  if (chunk == nullptr) return nullptr;
  Slot& cell = (*chunk)[slot % kChunk];
  const std::uint64_t state = cell.state.load(std::memory_order_acquire);
  return (state & kAlive) != 0 && generation_of(state) == generation_of(id.v) ? &cell : nullptr;
}

SessionSlots::Slot& SessionSlots::make(std::uint32_t slot) {
  HERMOD_ASSERT(slot / kChunk < kChunks);
  auto& chunk = chunks_[slot / kChunk];
  if (chunk.load(std::memory_order_relaxed) == nullptr) chunk.store(new Chunk(), std::memory_order_release);
  return at(slot);
}

/// The counts first: who finds the session counts for it.
void SessionSlots::begin(Slot& cell, SessionId id, ShardId shard) {
  cell.messages.store(tag_of(id), std::memory_order_relaxed);
  cell.bytes.store(tag_of(id), std::memory_order_relaxed);
  cell.state.store(generation_of(id.v) << 32 | std::uint64_t{shard.v} << 16 | kAlive,
                   std::memory_order_release);
}

void SessionSlots::restore(SessionId id, ShardId shard) {
  Slot& cell = make(slot_of(id));
  HERMOD_ASSERT((cell.state.load(std::memory_order_relaxed) & kAlive) == 0);
  begin(cell, id, shard);
}

void SessionSlots::begin_generations_at(std::uint32_t generation) {
  first_generation_ = generation & kGenerationMask;
}

SessionId SessionSlots::open(std::uint32_t slot, ShardId shard) {
  Slot& cell = make(slot);
  const std::uint64_t used = generation_of(cell.state.load(std::memory_order_relaxed));
  const std::uint64_t generation = (std::max<std::uint64_t>(used, first_generation_) + 1) & kGenerationMask;
  const SessionId id{generation << 32 | slot};
  HERMOD_ASSERT(!queue::is_named(StreamId{id.v}));
  begin(cell, id, shard);
  return id;
}

void SessionSlots::close(SessionId id) {
  Slot* cell = find(id);
  HERMOD_ASSERT(cell != nullptr);
  cell->state.store(generation_of(id.v) << 32, std::memory_order_release);
}

std::optional<Location> SessionSlots::locate(SessionId id) const {
  const Slot* cell = find(id);
  if (cell == nullptr) return std::nullopt;
  const std::uint64_t state = cell->state.load(std::memory_order_acquire);
  return Location{.shard = ShardId{static_cast<std::uint16_t>(state >> 16)},
                  .online = (state & kOnline) != 0,
                  .durable = (state & kDurable) != 0,
                  .congested = (state & kCongested) != 0,
                  .busy = (state & kBusy) != 0,
                  .late = (state & kLate) != 0,
                  .stalled = (state & kStalled) != 0};
}

std::optional<SessionId> SessionSlots::in_cell_of(SessionId id) const {
  const std::uint32_t slot = slot_of(id);
  if (slot / kChunk >= kChunks || chunks_[slot / kChunk].load(std::memory_order_acquire) == nullptr)
    return std::nullopt;
  const std::uint64_t state = at(slot).state.load(std::memory_order_acquire);
  if ((state & kAlive) == 0) return std::nullopt;
  return SessionId{generation_of(state) << 32 | slot};
}

void SessionSlots::place(SessionId id, const Location& where) {
  Slot* cell = find(id);
  HERMOD_ASSERT(cell != nullptr);
  const std::uint64_t flags = kAlive | (where.online ? kOnline : 0) | (where.durable ? kDurable : 0) |
                              (where.congested ? kCongested : 0) | (where.stalled ? kStalled : 0) |
                              (where.busy ? kBusy : 0) | (where.late ? kLate : 0);
  cell->state.store(generation_of(id.v) << 32 | std::uint64_t{where.shard.v} << 16 | flags,
                    std::memory_order_release);
}

SessionSlots::Room SessionSlots::reserve(SessionId id, std::uint64_t bytes, std::uint32_t max_messages,
                                         std::uint64_t max_bytes) {
  Slot* cell = find(id);
  if (cell == nullptr) return Room::Gone;
  // The session may end, and the cell be another's, behind find(): then nothing is counted.
  const auto messages = add(cell->messages, tag_of(id), 1);
  const auto total = add(cell->bytes, tag_of(id), bytes);
  if (!messages || !total) return Room::Gone;
  if (*messages <= max_messages && *total <= max_bytes) return Room::Reserved;
  release(id, 1, bytes);
  return Room::Full;
}

void SessionSlots::reserve_anyway(SessionId id, std::uint64_t bytes) {
  Slot* cell = find(id);
  if (cell == nullptr) return;
  add(cell->messages, tag_of(id), 1);
  add(cell->bytes, tag_of(id), bytes);
}

void SessionSlots::release(SessionId id, std::uint32_t messages, std::uint64_t bytes) {
  Slot* cell = find(id);
  if (cell == nullptr) return;
  add(cell->messages, tag_of(id), 0 - std::uint64_t{messages});
  add(cell->bytes, tag_of(id), 0 - bytes);
}

SessionSlots::Fill SessionSlots::fill(SessionId id) const {
  const Slot* cell = find(id);
  if (cell == nullptr) return {};
  return {static_cast<std::uint32_t>(count_in(cell->messages.load(std::memory_order_relaxed))),
          count_in(cell->bytes.load(std::memory_order_relaxed))};
}

SessionSlots::Total SessionSlots::total() const {
  Total total;
  for (const auto& place : chunks_) {
    const Chunk* chunk = place.load(std::memory_order_acquire);
    if (chunk == nullptr) continue;
    for (const Slot& cell : *chunk) {
      if ((cell.state.load(std::memory_order_acquire) & kAlive) == 0) continue;
      total.messages += count_in(cell.messages.load(std::memory_order_relaxed));
      total.bytes += count_in(cell.bytes.load(std::memory_order_relaxed));
    }
  }
  return total;
}

}  // namespace hermod::session
