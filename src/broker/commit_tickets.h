#pragma once
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "broker/commit_ticket.h"

namespace hermod::broker {

/// Makes the tickets of a shard, and keeps those that were answered for new ones: one goes with each message,
/// and the memory of hundreds at once is what an allocator has to look for. Used by the shard's thread.
class CommitTickets {
 public:
  explicit CommitTickets(ShardId home) : home_(home) {}

  /// Its work is to be set.
  std::unique_ptr<CommitTicket> make(std::optional<ConnectionId> asked_by, SessionId concerned) {
    if (spare_.empty()) return std::make_unique<CommitTicket>(home_, asked_by, concerned);
    std::unique_ptr<CommitTicket> ticket = std::move(spare_.back());
    spare_.pop_back();
    ticket->begin(asked_by, concerned);
    return ticket;
  }
  /// Precondition: it was answered.
  void keep(std::unique_ptr<CommitTicket> ticket) {
    if (spare_.size() >= kMost) return;
    ticket->work.emplace<Recorded>();  // what it holds is free now
    spare_.push_back(std::move(ticket));
  }

 private:
  static constexpr std::size_t kMost = 512;

  ShardId home_;
  std::vector<std::unique_ptr<CommitTicket>> spare_;
};

}  // namespace hermod::broker
