#pragma once
#include <memory>
#include <vector>

#include "broker/connection.h"

namespace hermod::broker {

/// The connections of one shard by slot. A slot is used again under the next generation, so an identifier of
/// an ended connection finds nothing. Owned and touched by the shard.
class ConnectionTable {
 public:
  explicit ConnectionTable(ShardId shard) : shard_(shard) {}

  /// The identifier the next add() must carry.
  ConnectionId next_id() {
    if (free_.empty()) {
      slots_.emplace_back();
      free_.push_back(static_cast<std::uint32_t>(slots_.size() - 1));
    }
    const std::uint32_t slot = free_.back();
    return {shard_, slot, slots_[slot].generation + 1};
  }
  Connection& add(std::unique_ptr<Connection> connection) {
    const ConnectionId id = connection->id();
    free_.pop_back();
    Slot& slot = slots_[id.slot];
    slot.generation = id.generation;
    slot.connection = std::move(connection);
    ++size_;
    return *slot.connection;
  }
  Connection* find(const ConnectionId& id) const {
    if (id.shard != shard_ || id.slot >= slots_.size()) return nullptr;
    const Slot& slot = slots_[id.slot];
    return slot.generation == id.generation ? slot.connection.get() : nullptr;
  }
  /// The caller destroys it when nothing on the stack uses it any more.
  std::unique_ptr<Connection> take(const ConnectionId& id) {
    if (find(id) == nullptr) return nullptr;
    free_.push_back(id.slot);
    --size_;
    return std::move(slots_[id.slot].connection);
  }
  std::size_t size() const { return size_; }
  template <class Visit>
  void for_each(Visit visit) const {
    for (std::size_t i = 0; i < slots_.size(); ++i)
      if (slots_[i].connection) visit(*slots_[i].connection);
  }

 private:
  struct Slot {
    std::uint32_t generation = 0;
    std::unique_ptr<Connection> connection;
  };
  const ShardId shard_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::size_t size_ = 0;
};

}  // namespace hermod::broker
