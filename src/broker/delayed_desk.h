#pragma once
#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "broker/commit_ticket.h"
#include "broker/delayed_look.h"
#include "broker/queue_message.h"
#include "broker/shard_message.h"
#include "queue/delayed_messages.h"

namespace hermod::broker {

class Shard;

/// The delayed messages, on the one shard that has them: what is due takes the way of any other publication,
/// and commands look through what waits. Owned by that shard, on its thread, as long as that lives; it
/// publishes, reads and commits by the means of its shard.
class DelayedDesk {
 public:
  DelayedDesk(Shard& shard, std::unique_ptr<queue::DelayedMessages> messages)
      : shard_(shard), messages_(std::move(messages)) {}

  /// Those of the store, in place of none. Before anything else is asked of it.
  void adopt(std::unique_ptr<queue::DelayedMessages> messages) { messages_ = std::move(messages); }
  bool has_any() const { return messages_->pending() > 0; }
  /// When there is something to do that nothing else tells of.
  std::optional<MonotonicTime> next(const queue::Moment& now) const { return messages_->next(now); }

  // delayed_due_path.cc
  void on_stored(DelayedStored& stored);
  /// A slice of what is due. True when there is more to do at once.
  bool publish_slice();
  /// What was read, for one or the other.
  void on_page(PageRead& page);
  /// What a message has become is durable, or not stored.
  void end(const PublishCommit& work, std::optional<Errc> error);
  /// Somebody refuses it as he would refuse it to its publisher.
  void put_off(Seq seq);

  // delayed_command_path.cc
  /// Whether it can be carried out at all. Any shard. Errors: Invalid, naming the field.
  static Status check(const queue::ControlCommand& command, std::size_t topic_levels);
  void on_asked(AskCommand& asked);
  void on_cancelled(DelayedCancelled& work, std::optional<Errc> error);

 private:
  bool publish(const queue::DelayedMessages::Due& due);
  bool is_held_up_by_reader(std::chrono::microseconds late) const;
  void on_read(PageRead& page);
  void begin_look();
  void read_for_look();
  void end_look(Result<queue::ControlResult> result);
  void on_looked_at(PageRead& page);
  void cancel(const std::vector<Seq>& wanted);
  void go_on_cancelling();

  Shard& shard_;
  std::unique_ptr<queue::DelayedMessages> messages_;
  std::deque<DelayedLook> looks_;  ///< the first is under way
};

}  // namespace hermod::broker
