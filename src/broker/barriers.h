#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "base/ids.h"
#include "broker/asked_publications.h"
#include "broker/commit_ticket.h"
#include "broker/shard_message.h"

namespace hermod::broker {

/// Work that comes behind what other shards have matched.
struct Barrier {
  std::optional<ConnectionId> connection;  ///< whom it answers; nothing: nobody
  CommitTicket::Work work;
};

/// Both sides of barrier_path.cc: what of this shard waits for others, and who waits for this shard. Owned by
/// a shard, on its thread, as long as that lives.
class Barriers {
 public:
  /// The number under which so many answers come. Precondition: one at least.
  std::uint64_t begin(std::size_t answers, Barrier barrier);
  /// The barrier, when this was the last answer. Precondition: it waits for one.
  std::optional<Barrier> on_answer(std::uint64_t number);

  /// Who asks is answered when none of the publications up to this number is asked about any more; 0: at
  /// once.
  void on_ask(const AskSubmitted& ask, std::uint64_t last_asked) { asks_.push_back({ask, last_asked}); }
  bool has_asks() const { return !asks_.empty(); }
  /// Who can be answered.
  std::vector<AskSubmitted> take_answerable(const AskedPublications& asked);

 private:
  struct Waiting {
    std::size_t answers = 0;  ///< still to come
    Barrier barrier;
  };
  struct Ask {
    AskSubmitted ask;
    std::uint64_t last_asked = 0;
  };
  std::uint64_t begun_ = 0;
  absl::flat_hash_map<std::uint64_t, Waiting> waiting_;
  std::vector<Ask> asks_;
};

}  // namespace hermod::broker
