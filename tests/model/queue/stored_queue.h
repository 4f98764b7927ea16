#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "queue/admission.h"
#include "queue/queue_effect.h"

namespace hermod::model {

/// A message on its way to the store, with what leaves for it.
struct Publication {
  queue::AdmissionId admission;
  queue::QueueEntry entry;
  std::string message_id;
  std::uint64_t message_id_number = 0;
  WallTime admitted_at{};
  std::vector<queue::Departure> departures;
};

/// Before a QoS 2 delivery.
struct ClaimRecord {
  queue::LeaseId lease;
  queue::ConsumerId consumer;
  Seq seq;
  std::uint32_t deliveries = 0;
};

/// One batch of the journal.
using Change = std::variant<Publication, queue::EraseEntry, queue::PutDeliveryState, queue::MoveToDeadLetters,
                            queue::EraseMessageIds, ClaimRecord>;

/// What the store would have of a named queue: what every batch that is durable has made of it, and nothing
/// else.
struct StoredQueue {
  struct Entry {
    queue::QueueEntry entry;
    std::optional<queue::DeliveryState> state;
    std::optional<ClaimRecord> claim;
  };
  struct MessageId {
    std::string id;
    WallTime admitted_at;
  };

  std::map<Seq, Entry> entries;
  std::map<std::uint64_t, MessageId> message_ids;
  std::vector<queue::QueueEntry> dead_letters;
  Seq next{1};

  /// The sequence of a publication, else zero.
  Seq apply(const Change& change);
  std::uint64_t bytes() const;
  /// What is not as WriteBatch demands it: a change of something that is not there. Empty: nothing.
  std::string mistake;

 private:
  void erase(Seq seq, bool has_state);
};

}  // namespace hermod::model
