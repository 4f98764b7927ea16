#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
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

/// Whoever asked for an admission; the number is the caller's.
using WaiterId = Id<struct WaiterTag, std::uint64_t>;

/// One delivery of one entry to one consumer. Never given again while the broker runs.
using LeaseId = Id<struct LeaseTag, std::uint64_t>;

/// What is stored with the session of a QoS 2 consumer while it has a message: the queue's entry is its.
struct Claim {
  ConsumerId consumer;
  Seq seq;
  std::uint32_t deliveries = 0;  ///< this one included
  friend bool operator==(const Claim&, const Claim&) = default;
};

/// What a start makes of the claims it finds. Those that are lost are for the caller to erase and to count.
struct RestoredClaims {
  enum class Why : std::uint8_t {
    NoEntry,  ///< the queue does not have it: purged, damaged
    Settled,  ///< the entry's state is newer
    Outbid    ///< another has a later delivery of it
  };
  struct Kept {
    Claim claim;
    LeaseId lease;
  };
  struct Lost {
    Claim claim;
    Why why{};
  };
  std::vector<Kept> kept;
  std::vector<Lost> lost;
};

/// A message in a named queue, as it is stored.
struct QueueEntry {
  MessagePtr message;
  std::string key;
  std::vector<Death> deaths{};         ///< oldest first
  std::optional<WallTime> moved_at{};  ///< from another queue to this one; its time to live begins there
};

/// What few entries have: those that were in another queue before, and those whose message expires.
struct EntryPast {
  std::vector<Death> deaths;
  std::optional<WallTime> moved_at;
  WallTime expires_at = Message::kNever;  ///< the message's own
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
  NeverStored,  ///< its publisher was refused, when a consumer had it already; it has come back
  // What would have been a death, had the queue a place for dead letters: is_like_death().
  Rejected,
  Expired,
  MaxLength,
  DeliveryLimit,
};
Removal removal_for(DeathReason reason);
constexpr bool is_like_death(Removal why) {
  return why >= Removal::Rejected;
}

/// The claim of a QoS 2 delivery that ends with a change of the store, in the same batch.
struct EndedClaim {
  LeaseId lease{};  ///< zero: there is none, or no longer
  /// Its record becomes the mark *released*, and PUBREL ends the exchange. Else the record is erased: PUBREC
  /// refused the message.
  bool is_released = false;
  /// Not null: it is released, and PUBREC has not come: nobody has answered in time, or with `$nack` alone.
  /// The record gets this message inside, in place of the mark: who comes back gets the PUBLISH once more
  /// [MQTT-4.4.0-1], and the queue's entry may be gone by then.
  MessagePtr unanswered{};
  std::uint32_t deliveries = 0;  ///< of the message until then, this one included; with `unanswered`
  friend bool operator==(const EndedClaim&, const EndedClaim&) = default;
};

// What a QueueGroup wants done, in this order. All but Deliver, Recall and AskAgain are changes of the store;
// each is one change that is made whole or not at all, and neighbours may share a batch. A queue has one such
// batch under way: what comes meanwhile goes into the next, so that nothing is made before what was decided
// earlier (SettlementLine).

/// Send it. With `is_claimed` not before a claim is durable: the consumer's QoS is 2. The claim has no body;
/// to send it again, the message is read from the queue. Answered once, by sent(), unsent() or settle(); by
/// unsent() also when the consumer has another attachment by now.
struct Deliver {
  LeaseId lease;
  ConsumerId consumer;
  AttachmentNo attachment;
  Seq seq;
  std::uint32_t deliveries = 0;  ///< this one included
  bool is_claimed = false;
  wire::QoS qos{};  ///< what the lease is for: at another the owner would not know how long to wait
  std::string key{};
  std::shared_ptr<const Death> first_death{};       ///< when it was dead before; null: it was not
  MonotonicTime expires_at = MonotonicTime::max();  ///< from then on it is not sent for the first time
  MessagePtr message;
};
/// It has not been sent for long, or is wanted no more: unsent(), if it can still be helped.
struct Recall {
  LeaseId lease;
  ConsumerId consumer;
  AttachmentNo attachment;
};
/// The entry and its delivery state go.
struct EraseEntry {
  Seq seq;
  Removal why{};
  bool has_state = false;
  EndedClaim claim{};
  /// What would have been a death: the message, for whoever is interested. Null: it is in the store alone.
  MessagePtr message{};
};
struct PutDeliveryState {
  Seq seq;
  DeliveryState state;
  EndedClaim claim{};
};
/// The entry goes to the end of the dead-letter queue; this death is the last in its history. Its message
/// does not expire any more: what is dead is kept until somebody has looked at it. Without a message it has
/// to be read from the store before, where it is until this is made (SettlementLine).
struct MoveToDeadLetters {
  Seq seq;
  bool has_state = false;
  EndedClaim claim{};
  QueueEntry entry;
  std::uint64_t size = 0;      ///< Message::size()
  bool is_unreadable = false;  ///< it stays in the store, for whoever can read it
};
/// Records of message identifiers that the dedup_window has passed.
struct EraseMessageIds {
  std::vector<std::uint64_t> numbers;
};
/// Who was answered Busy may ask once more; nothing of the first time is remembered.
struct AskAgain {
  std::vector<WaiterId> waiters;
};

/// What messages of entries are wanted for that only the store has.
enum class ReadFor : std::uint8_t {
  Lending,   ///< they come near
  Looking,   ///< filters have to be held against them
  Evicting,  ///< they have to make room, as dead letters
  Showing,   ///< somebody looks at them, or moves them
};
inline constexpr std::size_t kReadPurposes = 4;
/// Read a page of the queue's entries from there on: on_read(). One of each purpose is under way.
struct ReadEntries {
  ReadFor purpose{};
  Seq from;
};

using QueueEffect = std::variant<Deliver, Recall, EraseEntry, PutDeliveryState, MoveToDeadLetters,
                                 EraseMessageIds, AskAgain, ReadEntries>;

}  // namespace hermod::queue
