#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "queue/message.h"
#include "retain/retained_index.h"
#include "topic/subscription.h"

namespace hermod::broker {

/// A retained read that waits to be delivered in slices behind a SUBACK. Owned by the connection; by the
/// shard while a session that outlives its connection has none.
struct RetainedRead {
  std::string filter;
  topic::SubscriptionOptions options;
  retain::RetainedCursor cursor;
  std::vector<queue::MessagePtr> found;  ///< of the last slice; from `next` on still to be delivered
  std::size_t next = 0;
  std::uint64_t since_version = 0;  ///< of the index; a message matched from then on came as a live one
  std::uint64_t number = 0;         ///< rising with every read the connection has planned
  bool is_recorded = false;         ///< the subscription's record says that it is due
  bool ready = false;               ///< every commit that began before the subscription is done
};

}  // namespace hermod::broker
