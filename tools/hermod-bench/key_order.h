#pragma once
#include <atomic>
#include <cstdint>
#include <vector>

namespace hermod::bench {

/// The order of the messages of each key, over all consumers of a queue. A publisher's messages take its keys
/// in turn, so that a message's number tells its key and its place. Shared by all workers: of a key one
/// message is out at a time, so who has the next one sees what the one before wrote; and where that is
/// broken, one of two is told.
class KeyOrder {
 public:
  enum class Arrival {
    InOrder,
    Again,  ///< the newest message of the key once more
    Late,   ///< a later message of the key came before
  };

  /// `keys` of each publisher; 0: there are no keys and everything is in order.
  KeyOrder(std::size_t publishers, std::uint32_t keys) : keys_(keys), next_(publishers * keys) {}

  Arrival on_message(std::uint32_t publisher, std::uint64_t sequence) {
    if (keys_ == 0) return Arrival::InOrder;
    std::atomic<std::uint64_t>& next = next_[std::size_t{publisher} * keys_ + sequence % keys_];
    std::uint64_t seen = next.load(std::memory_order_acquire);
    while (sequence >= seen)
      if (next.compare_exchange_weak(seen, sequence + 1, std::memory_order_acq_rel)) return Arrival::InOrder;
    return sequence + 1 == seen ? Arrival::Again : Arrival::Late;
  }

 private:
  std::uint32_t keys_;
  std::vector<std::atomic<std::uint64_t>> next_;
};

}  // namespace hermod::bench
