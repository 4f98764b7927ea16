#pragma once
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
    bool is_asked = false;         ///< the owner of `to` says whether it comes in, and what leaves for it
    queue::Admission admission{};  ///< what he said
    bool is_refused = false;
  };

  Seq next{};                           ///< what is before it has been looked at
  Seq end{};                            ///< what is behind came later
  std::optional<std::uint64_t> left{};  ///< so many more; nothing: all
  std::uint64_t done = 0;               ///< and durable
  std::vector<Leaving> slice{};
  std::size_t unanswered = 0;               ///< owners that were asked about one of the slice
  bool is_committing = false;               ///< the slice is with the committer
  absl::flat_hash_set<std::string> full{};  ///< queues that would not have one; what follows stays, too
  std::uint64_t homeless = 0;               ///< dead letters whose queue is not there
  std::optional<Error> stop{};              ///< nothing more is begun
  // Of a purge.
  std::uint64_t purged_before = 0;        ///< what others have purged
  std::optional<std::uint64_t> purged{};  ///< all that is to leave has been decided by this count
};

}  // namespace hermod::broker
