#pragma once
#include <absl/container/flat_hash_map.h>

#include <cstddef>
#include <deque>
#include <mutex>

#include "base/ids.h"
#include "queue/message.h"

namespace hermod::broker {

/// Large messages that were read from the store lately and are stored once for several receivers, so that all
/// who read one get the same, and not a copy each: ten thousand sessions that come back at once for a message
/// of 100 KB would take a gigabyte. Keeps the newest, of so many bytes together, and the last one whatever
/// its size. Owned by who reads the store, any thread.
class RecentMessages {
 public:
  /// Smaller ones are copied faster than they are found.
  static constexpr std::size_t kWorthKeeping = 4096;
  static constexpr std::size_t kMostBytes = std::size_t{4} << 20;

  /// Null: it was not read lately.
  queue::MessagePtr find(MessageId id) const;
  /// Precondition: `message` is what the store has under `id`.
  void keep(MessageId id, const queue::MessagePtr& message);

 private:
  mutable std::mutex mutex_;
  absl::flat_hash_map<MessageId, queue::MessagePtr> messages_;
  std::deque<MessageId> order_;  ///< the oldest first
  std::size_t bytes_ = 0;
};

}  // namespace hermod::broker
