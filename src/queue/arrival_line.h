#pragma once
#include <list>
#include <optional>

#include "base/ids.h"
#include "queue/queue_effect.h"

namespace hermod::queue {

/// What is on its way into a named queue has its sequence before it is durable. An entry may come in as soon
/// as it has that, if nothing is missing in front of it; else it waits here for what is: a dead letter, or a
/// message that was admitted, comes in when it is durable and not before. Owned by the queue's group, same
/// thread; holds no memory while nothing waits.
class ArrivalLine {
 public:
  struct Arrival {
    Seq seq;
    QueueEntry entry;
    bool is_durable = false;
  };

  /// Nothing is missing in front of it. It comes in at once, with on_came().
  bool is_next(Seq seq) const { return seq == next_ && waiting_.empty(); }
  /// The entry has its sequence, and is not the next. Sequences rise.
  void wait(Seq seq, QueueEntry entry);
  /// What was given sequences up to this one is durable, or has failed: it has come, or waits here. Behind it
  /// take_next() until there is none.
  void on_durable(Seq last);
  /// An entry came in that has not waited here; what is in front of it has been taken.
  void on_came(Seq seq) { next_ = Seq{seq.v + 1}; }
  /// Its group has failed: it never comes. What waited for it, or nothing, when it had come in.
  std::optional<Arrival> on_failed(Seq seq);
  /// The next that comes in now.
  std::optional<Arrival> take_next();

 private:
  Seq next_{};         ///< nothing is missing before this; zero: nothing has come since the start
  Seq durable_end_{};  ///< what is before this is durable
  std::list<Arrival> waiting_;
};

}  // namespace hermod::queue
