#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <variant>
#include <vector>

#include "queue/queue_effect.h"
#include "queue/queue_window.h"

namespace hermod::queue {

/// What a named queue wants changed in the store, without the messages that come.
using StoreChange = std::variant<EraseEntry, PutDeliveryState, MoveToDeadLetters, EraseMessageIds>;

/// About what the change adds to a batch, in bytes; on the safe side.
std::uint64_t batch_bytes(const StoreChange& change);

/// The changes a named queue waits for, in the order in which they were decided. One batch is under way at a
/// time, and it is bounded: a purge, an expiry of a whole backlog or a consumer with thousands of deliveries
/// makes many batches and not a large one, which everybody else's commits would wait for. Owned by whoever
/// owns the queue's group, same thread.
class SettlementLine {
 public:
  struct Limits {
    std::size_t changes = 1024;      ///< a message identifier is one
    std::uint64_t bytes = 1U << 20;  ///< dead letters carry their messages; a larger one goes alone
  };
  SettlementLine() = default;
  explicit SettlementLine(const Limits& limits) : limits_(limits) {}

  /// There is a store to read from: of dead letters that wait no more is held than about a batch of bytes,
  /// and the messages of the others are missing() again. What has been pushed before stays.
  void bound_memory() { is_bounded_ = true; }
  void push(StoreChange change);
  /// The batch that is under way; without one the next begins. Empty when nothing waits. One that failed is
  /// submitted again as it was, so this may be asked for as often as it takes.
  const std::vector<StoreChange>& batch();
  const std::vector<StoreChange>& under_way() const { return batch_; }
  /// The first dead letter of the batch whose message is in the store alone: it has to be read before the
  /// batch is made. Nothing when it has all.
  std::optional<Seq> missing() const;
  /// The next one is as far behind it, or there is none.
  bool is_missing_alone(std::uint64_t within) const;
  /// The first that lacks its message waits again, and all behind it: the batch is what is in front of it.
  /// False: there is nothing. Precondition: missing().
  bool cut();
  /// The store was read in that range. What is not there is unreadable; gives those.
  std::vector<Seq> fill(const std::function<MessagePtr(Seq)>& read, Seq from, Seq end);
  bool is_under_way() const { return !batch_.empty(); }
  /// It is durable. The entries whose group has to hear that, in their order: QueueGroup::on_settled().
  /// Precondition: is_under_way().
  std::vector<Seq> made();
  bool is_empty() const { return batch_.empty() && waiting_.empty(); }
  /// Dead letters that have their messages.
  const Amount& in_memory() const { return in_memory_; }
  /// What waits for the batches behind the one that is under way.
  std::size_t waiting() const { return waiting_.size(); }

 private:
  Limits limits_{};
  std::vector<StoreChange> batch_;
  std::deque<StoreChange> waiting_;
  Amount in_memory_;  ///< of both
  bool is_bounded_ = false;
};

}  // namespace hermod::queue
