#pragma once
#include <optional>

#include "broker/commit_ticket.h"
#include "queue/queue_catalog.h"
#include "store/flush.h"

namespace hermod::broker {

// When what named queues write is synced (ADR 0037). Each has a policy of its own or follows the broker's,
// and a batch has the strictest of all that have a part in it. What needs a sync whatever anybody says is
// decided where the batch is made.

/// Of a batch, one after the other.
class StrictestFlush {
 public:
  /// `broker`: what store.flush says; it outlives this.
  explicit StrictestFlush(const store::Flush& broker) : broker_(broker) {}
  /// Somebody with this policy, or who follows the broker.
  void add(const std::optional<store::Flush>& own);
  /// For store::Submission. Nothing: the broker's.
  std::optional<store::Flush> get() const;

 private:
  const store::Flush& broker_;
  std::optional<store::Flush> own_;
  bool is_broker_in_ = false;
};

/// Of everybody who gets the message.
std::optional<store::Flush> flush_for(const PublishCommit& publication, const store::Flush& broker);
/// Of what a queue, or a consumer group, has decided about its messages, and of where those go that died.
std::optional<store::Flush> flush_for(const queue::NamedQueue& queue, const CommitQueues& dead_letters,
                                      const store::Flush& broker);

/// The policy in force for a queue.
inline store::Flush flush_in_force(const queue::NamedQueue& queue, const store::Flush& broker) {
  return queue.definition.flush.value_or(broker);
}
/// Says it in the log when a power cut may take what was answered.
void warn_of_flush(const queue::NamedQueue& queue, const store::Flush& broker);

}  // namespace hermod::broker
