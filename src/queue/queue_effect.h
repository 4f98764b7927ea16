#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "queue/lanes.h"
#include "queue/message.h"
#include "queue/settlement.h"

namespace hermod::queue {

/// One delivery of one entry to one consumer. Never given again while the broker runs.
using LeaseId = Id<struct LeaseTag, std::uint64_t>;

/// A message in a named queue, as it is stored.
struct QueueEntry {
  MessagePtr message;
  std::string key;
  std::vector<Death> deaths{};  ///< oldest first
};

/// What is stored at an entry once a delivery of it has failed.
struct DeliveryState {
  std::uint32_t deliveries = 0;
  WallTime due{};                     ///< of the next one
  std::chrono::milliseconds pause{};  ///< before it; never waited for longer, whatever the clock says
  Outcome last{};                     ///< how the last one ended
  friend bool operator==(const DeliveryState&, const DeliveryState&) = default;
};

/// Why an entry left the queue for good.
enum class Removal : std::uint8_t {
  Acknowledged,
  Replaced,  ///< by a newer one of its key
  Purged,
  // What would have been a death, had the queue a place for dead letters.
  Rejected,
  Expired,
  MaxLength,
  DeliveryLimit,
};
Removal removal_for(DeathReason reason);

// What a QueueGroup wants done, in this order. All but Deliver are changes of the store; each is one change
// that is made whole or not at all, and neighbours may share a batch.

/// Send it. With `is_claimed` not before a claim is durable: the consumer's QoS is 2.
struct Deliver {
  LeaseId lease;
  ConsumerId consumer;
  Seq seq;
  std::uint32_t deliveries = 0;  ///< this one included
  bool is_claimed = false;
  std::optional<Death> first_death{};  ///< when it was dead before
  MessagePtr message;
};
/// The entry and its delivery state go.
struct EraseEntry {
  Seq seq;
  Removal why{};
  bool has_state = false;
};
struct PutDeliveryState {
  Seq seq;
  DeliveryState state;
};
/// The entry goes to the end of the dead-letter queue; this death is the last in its history.
struct MoveToDeadLetters {
  Seq seq;
  bool has_state = false;
  QueueEntry entry;
};
/// Records of message identifiers that the dedup_window has passed.
struct EraseMessageIds {
  std::vector<std::uint64_t> numbers;
};

using QueueEffect = std::variant<Deliver, EraseEntry, PutDeliveryState, MoveToDeadLetters, EraseMessageIds>;

}  // namespace hermod::queue
