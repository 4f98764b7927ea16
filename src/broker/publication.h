#pragma once
#include <optional>

#include "base/clock.h"
#include "base/ids.h"
#include "queue/queue_window.h"
#include "session/session_slots.h"

namespace hermod::broker {

/// One receiver of the message that is being published: which session, where it lives, what it gets.
struct Target {
  SessionId session;
  session::Location where;
  queue::Delivery delivery;
};

/// A publisher whose reading is paused because one receiver reads slower than it is written to.
struct WaitingPublisher {
  ConnectionId publisher;
  SessionId receiver;
  ShardId shard;  ///< where the receiver lived then
};

}  // namespace hermod::broker
