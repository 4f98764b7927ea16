#pragma once
#include <span>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/mailbox.h"
#include "broker/shard_message.h"

namespace hermod::broker {

using ShardMailbox = Mailbox<ShardMessage>;

/// Messages for other shards, collected during a tick and posted once at its end, in order.
/// Owned and touched by one thread (a shard or the committer); the mailboxes outlive it.
class Outbox {
 public:
  explicit Outbox(std::span<ShardMailbox* const> mailboxes)
      : mailboxes_(mailboxes.begin(), mailboxes.end()), pending_(mailboxes.size()) {}

  /// `message`: a ShardMessage or one of its kinds.
  template <class Kind>
  void send(ShardId to, Kind&& message) {
    pending_[to.v].emplace_back(std::forward<Kind>(message));
  }
  void post_all() {
    for (std::size_t i = 0; i < pending_.size(); ++i) mailboxes_[i]->post_all(pending_[i]);
  }

 private:
  std::vector<ShardMailbox*> mailboxes_;
  std::vector<std::vector<ShardMessage>> pending_;
};

}  // namespace hermod::broker
