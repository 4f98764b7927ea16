#pragma once
#include <absl/container/flat_hash_map.h>
#include <absl/container/inlined_vector.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/ids.h"
#include "topic/subscription.h"

namespace hermod::topic {

/// One session in a list, in 16 bytes.
struct Subscriber {
  SessionId session;
  std::uint32_t identifier = 0;
  std::uint8_t granted_qos = 0;
  bool no_local = false;
  bool retain_as_published = false;
};

/// The sessions that have one filter, each once, in no order. One subscriber needs no memory of its own; long
/// lists keep an index, so that adding and removing stay quick with 100,000. Owned by its tree, same thread.
class SubscriberList {
 public:
  std::size_t size() const { return subscribers_.size(); }
  bool empty() const { return subscribers_.empty(); }
  const Subscriber& operator[](std::size_t at) const { return subscribers_[at]; }
  const Subscriber* begin() const { return subscribers_.data(); }
  const Subscriber* end() const { return subscribers_.data() + subscribers_.size(); }

  /// Added, or Replaced when the session was there.
  ChangeOutcome set(SessionId session, const SubscriptionOptions& options);
  /// Removed, or NotFound.
  ChangeOutcome remove(SessionId session);

 private:
  std::size_t position_of(SessionId session) const;

  absl::InlinedVector<Subscriber, 1> subscribers_;
  /// Position by session; there only while the list is long.
  std::unique_ptr<absl::flat_hash_map<SessionId, std::uint32_t>> index_;
};

}  // namespace hermod::topic
