#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "queue/queue_effect.h"

namespace hermod::queue {

/// A message that wants to come in. From a dead-letter queue, or into one, with its history.
struct Arrival {
  QueueEntry entry;
  std::string message_id{};  ///< `msg-id`; empty when it has none
  WaiterId waiter{};         ///< who hears what becomes of it: DuplicatePending, Busy
};

/// A message that was let in and is on its way to the store.
using AdmissionId = Id<struct AdmissionTag, std::uint64_t>;

/// An entry that leaves for one that comes, in the batch that stores the new one.
struct Eviction {
  Seq seq;
  Removal why{};
  bool has_state = false;
  MessagePtr message{};                     ///< that is dropped; null: it is in the store alone
  std::optional<QueueEntry> dead_letter{};  ///< what is appended to the dead-letter queue
};

/// The answer to an arrival.
struct Admission {
  enum class What : std::uint8_t {
    Admitted,
    Duplicate,         ///< it is stored; success, and nothing to do
    DuplicatePending,  ///< the same, if the admission `id` is stored, else it fails with it: the group tells
    Dropped,           ///< by overflow drop-newest; success for the publisher
    Gone,              ///< the queue is deleted: it is as if it were bound no more
    Full,              ///< 0x97; also when too many wait already, or the store has to be repaired first
    Busy,              ///< what could leave for it is on its way to the store: AskAgain tells the waiter when
    RateLimited,       ///< 0x97
  };
  What what{};
  AdmissionId id{};                     ///< Admitted, DuplicatePending
  std::uint64_t message_id_number = 0;  ///< of the record that is put with it; zero: none
  std::vector<Eviction> evictions{};    ///< Admitted
};

}  // namespace hermod::queue
