#pragma once
#include <string>
#include <vector>

#include "base/counters.h"
#include "base/ids.h"
#include "queue/message.h"
#include "queue/queue_catalog.h"

namespace hermod::broker {

/// A message that leaves by a rule when a batch is stored, and stays when it is not: counted, and told, then.
struct LeftMessage {
  Counter why{};
  queue::MessagePtr message{};   ///< null: it is in the store alone
  queue::NamedQueuePtr queue{};  ///< whose it was; null:
  SessionId session{};           ///< it was for that session,
  ShardId shard{};               ///< which lived there; zero:
  std::string client_id{};       ///< it was for nobody yet, and came from this client
};
using LeftMessages = std::vector<LeftMessage>;

}  // namespace hermod::broker
