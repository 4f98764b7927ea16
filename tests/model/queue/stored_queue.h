#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "queue/admission.h"
#include "queue/moment.h"
#include "queue/queue_effect.h"
#include "queue/queue_records.h"

namespace hermod::model {

/// A message on its way to the store, with what leaves for it.
struct Publication {
  queue::AdmissionId admission;  ///< zero: nobody was asked
  queue::QueueEntry entry;
  std::string message_id;
  std::uint64_t message_id_number = 0;
  queue::Moment admitted_at{};
  std::vector<queue::Eviction> evictions;
};

/// Before a QoS 2 delivery: kept with its session. The lease says which record it is, also when the broker
/// that gave it is dead; the world counts on across restarts.
struct ClaimRecord {
  queue::LeaseId lease;
  queue::Claim claim;
};

/// A session ends, and with it its claims.
struct SessionEnd {
  queue::ConsumerId consumer;
};

/// An entry goes into another queue.
struct Move {
  Seq seq;
  bool has_state = false;
};

/// One change of the store.
using Change = std::variant<Publication, queue::EraseEntry, queue::PutDeliveryState, queue::MoveToDeadLetters,
                            queue::EraseMessageIds, ClaimRecord, SessionEnd, Move>;

/// What the store would have of a named queue and of the sessions that claim from it: what every batch that
/// is durable has made of it, and nothing else.
struct StoredQueue {
  struct Entry {
    queue::QueueEntry entry;
    std::optional<queue::DeliveryState> state;
  };

  std::map<Seq, Entry> entries;
  std::map<std::uint64_t, queue::MessageIdRecord> message_ids;
  std::map<queue::LeaseId, queue::Claim> claims;
  std::vector<queue::QueueEntry> dead_letters;
  Seq next{1};

  /// The sequence of a publication, which it may have been given before, else zero.
  Seq apply(const Change& change, Seq given = {});
  std::set<Seq> never_stored;  ///< and a consumer may have them: what ends them ends nothing
  std::uint64_t bytes() const;
  /// What is not as WriteBatch demands it: a change of something that is not there. Empty: nothing.
  std::string mistake;

 private:
  template <class T>
  T as_read(Result<T> decoded);
  void erase(Seq seq, bool has_state);
  void end_claim(const queue::EndedClaim& claim);

  std::set<queue::LeaseId> ended_;  ///< with their sessions
};

}  // namespace hermod::model
