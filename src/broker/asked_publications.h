#pragma once
#include <cstddef>
#include <cstdint>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "base/ids.h"

namespace hermod::broker {

/// Publications whose receivers are known and which are not with the committer, because the owners of named
/// queues are asked about them. What has to come behind all that was matched so far waits for them, and so
/// does the will of their client. Owned by a shard, on its thread, as long as that lives.
class AskedPublications {
 public:
  /// Its number, which is above all before. Never 0.
  std::uint64_t begin(SessionId publisher);
  /// It is with the committer, or never will be. Precondition: begun, and not ended.
  void end(std::uint64_t number);

  /// The number that was given last; 0: none yet.
  std::uint64_t last() const { return last_; }
  /// One that has not ended has this number, or a lower one.
  bool has_up_to(std::uint64_t number) const { return !open_.empty() && open_.begin()->first <= number; }
  bool has_of(SessionId publisher) const { return of_.contains(publisher); }

 private:
  std::uint64_t last_ = 0;
  absl::btree_map<std::uint64_t, SessionId> open_;
  absl::flat_hash_map<SessionId, std::size_t> of_;  ///< how many of each
};

}  // namespace hermod::broker
