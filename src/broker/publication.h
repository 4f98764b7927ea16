#pragma once
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/ids.h"
#include "queue/admission.h"
#include "queue/queue_catalog.h"
#include "queue/queue_window.h"
#include "queue/sequence_watch.h"
#include "session/session_slots.h"

namespace hermod::broker {

/// One receiver of the message that is being published: which session, where it lives, what it gets.
struct Target {
  SessionId session;
  session::Location where;
  queue::Delivery delivery;
  queue::MessagePtr dropped{};  ///< its queue is full, and the rule is that it misses this; null: it does not
};

/// A named queue that gets it.
struct QueueTarget {
  queue::NamedQueuePtr queue;
  std::string key;
  bool is_dropped = false;       ///< it has no room, and its publisher is not told
  bool is_asked = false;         ///< only its owner can say whether it takes the message,
  queue::Admission admission{};  ///< and has said so
  /// With `seq = "detect"`, when the message has a number. Null: it has none, or nobody looks.
  std::unique_ptr<queue::NumberedMessage> numbered{};
};

/// A publisher whose reading is paused because one receiver reads slower than it is written to.
struct WaitingPublisher {
  ConnectionId publisher;
  SessionId receiver;
  ShardId shard;  ///< where the receiver lived then
};

}  // namespace hermod::broker
