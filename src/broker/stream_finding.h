#pragma once
#include <absl/container/flat_hash_map.h>

#include <cstddef>
#include <cstdint>

#include "base/ids.h"
#include "base/result.h"
#include "broker/queue_message.h"
#include "broker/shard_message.h"
#include "broker/shared.h"
#include "queue/control_command.h"
#include "queue/control_result.h"
#include "queue/queue_catalog.h"

namespace hermod::broker {

/// What the search in streams needs of its shard.
class StreamFindingHost {
 public:
  virtual void answer_order(QueueId queue, ControlId asker, Result<queue::ControlResult> result) = 0;

 protected:
  ~StreamFindingHost() = default;
};

/// Looks for messages in streams, for commands, on the shard that owns them: page by page through the reader
/// pool, one page of each search at a time, so that whoever writes or reads goes on between two. A search
/// ends when it has found as many as were asked for, or has looked at so many that its client should say
/// whether it goes on. Owned by its shard, touched by its thread, lives as long.
class StreamFinding {
 public:
  StreamFinding(StreamFindingHost& host, ShardId shard, const Shared& shared)
      : host_(host), shard_(shard), shared_(shared) {}

  /// It is answered later, once. Precondition: a stream.
  void begin(const queue::NamedQueuePtr& stream, ControlId asker, const queue::FindMessages& wanted);
  void on_page(PageRead& page);

 private:
  struct Search {
    queue::NamedQueuePtr stream;
    ControlId asker;
    queue::FindMessages wanted;
    queue::FoundMessages found;
    Seq next;  ///< what has not been looked at
    Seq end;   ///< and ends here
    std::size_t looked_at = 0;
    std::size_t bytes = 0;  ///< of what is shown
  };
  void read(std::uint64_t number, const Search& search);
  static bool take(Search& search, queue::StreamEntry& entry);
  void end(std::uint64_t number);

  StreamFindingHost& host_;
  const ShardId shard_;
  const Shared& shared_;
  absl::flat_hash_map<std::uint64_t, Search> searches_;
  std::uint64_t last_ = 0;
};

}  // namespace hermod::broker
