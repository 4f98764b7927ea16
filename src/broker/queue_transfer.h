#pragma once
#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "queue/admission.h"
#include "queue/queue_catalog.h"
#include "queue/queue_effect.h"

namespace hermod::broker {

/// A purge, a move or a redrive that is under way: as far as it has come. It goes on a slice at a time, and
/// whatever else the queue has to do is done between two slices.
struct QueueTransfer {
  /// One message that leaves with the slice.
  struct Leaving {
    Seq seq;
    queue::NamedQueuePtr to;
    queue::QueueEntry entry;
    bool has_state = false;
    bool is_asked = false;  ///< the owner of `to` says whether it comes in, and what leaves for it
    queue::WaiterId waiter{};
    queue::Admission admission{};       ///< what he said; who need not be asked has let it in
    bool is_told = false;               ///< he was Busy, and has said meanwhile that there may be room
    std::uint64_t homeless_before = 0;  ///< of those in front of it
    std::uint64_t unreadable_before = 0;
  };

  /// Messages of a slice at most.
  static constexpr std::size_t kSliceMessages = 512;

  Seq next{};                           ///< what is before it has been looked at
  Seq end{};                            ///< what is behind came later
  std::optional<std::uint64_t> left{};  ///< so many more; nothing: all
  std::uint64_t done = 0;               ///< and durable
  std::vector<Leaving> slice{};
  std::size_t at_once = kSliceMessages;  ///< in a slice at most: as many as went, when not all did
  std::size_t unanswered = 0;            ///< messages of the slice whose owners have said nothing yet
  queue::WaiterId waits_for{};  ///< who was Busy with the next one, and has to say more; zero: nobody
  bool is_committing = false;   ///< the slice is with the committer
  absl::flat_hash_set<std::string> full{};  ///< queues that would not have one; what follows stays, too
  /// Keys of which one stays, because a consumer has it or it cannot be read, and which; what follows stays,
  /// too.
  absl::flat_hash_map<std::string, Seq> passed{};
  std::uint64_t homeless = 0;    ///< dead letters whose queue is not there
  std::uint64_t unreadable = 0;  ///< the store cannot give them; they stay
  std::optional<Error> stop{};   ///< nothing more is begun
  // Of a purge.
  std::uint64_t purged_before = 0;        ///< what others have purged
  std::optional<std::uint64_t> purged{};  ///< all that is to leave has been decided by this count
};

/// A message that moves to a queue which has to be asked.
struct MovingMessage {
  QueueId from;
  std::size_t index = 0;  ///< in the slice
};

}  // namespace hermod::broker
