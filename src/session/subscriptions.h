#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "topic/subscription.h"

namespace hermod::session {

/// One subscription of a session: the filter as the client wrote it ($share form included) and what was
/// granted.
struct Subscription {
  std::string filter;
  topic::SubscriptionOptions options;
};

/// The subscriptions of one session, sorted by filter. Owned by the session, touched by its shard.
class Subscriptions {
 public:
  /// False when it replaced one with the same filter.
  bool set(std::string_view filter, const topic::SubscriptionOptions& options);
  /// False when there was none.
  bool remove(std::string_view filter);
  const Subscription* find(std::string_view filter) const;
  std::size_t size() const { return items_.size(); }
  const std::vector<Subscription>& items() const { return items_; }

 private:
  std::vector<Subscription> items_;
};

}  // namespace hermod::session
