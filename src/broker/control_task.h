#pragma once
#include <absl/container/flat_hash_map.h>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "broker/queue_message.h"
#include "queue/control_answer.h"
#include "queue/control_parser.h"
#include "queue/queue_catalog.h"
#include "wire/types.h"

namespace hermod::broker {

/// One request that came to $CONTROL/queue/v1, until it is answered. Its commands are carried out one after
/// the other. It outlives its connection and its session, as what it has begun does. Owned by the shard that
/// took it.
struct ControlTask {
  ControlId id;
  SessionId session;  ///< who has asked
  std::optional<ConnectionId> connection{};
  std::string topic{};       ///< of the answer
  std::string properties{};  ///< of the answer, encoded
  wire::QoS qos{};
  std::vector<queue::ControlRequest> requests{};
  std::vector<queue::ControlAnswer> answers{};
  std::size_t shown = 0;  ///< about how many bytes the answers will have
  bool is_taken = true;   ///< false: its PUBLISH is on its way to the store, and it begins behind that

  // Of the command that is under way.
  queue::QueueCatalog::Hold hold{};
  std::vector<queue::NamedQueuePtr> listed{};  ///< whose owners were asked
  absl::flat_hash_map<QueueId, queue::QueueState> states{};
  std::size_t unanswered = 0;
  bool has_more = false;
};

}  // namespace hermod::broker
