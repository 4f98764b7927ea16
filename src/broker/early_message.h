#pragma once
#include "base/ids.h"
#include "broker/shard_message.h"

namespace hermod::broker {

/// A message that came to a shard before the session it is for.
struct EarlyMessage {
  SessionId session;
  ShardMessage message;
};

}  // namespace hermod::broker
