#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/fair_shared_mutex.h"
#include "base/ids.h"
#include "topic/broker_topics.h"
#include "topic/match_set.h"
#include "topic/member_selector.h"
#include "topic/subscription.h"
#include "topic/subscription_tree.h"
#include "topic/topic_name.h"

namespace hermod::topic {

/// The subscriptions of all sessions, shared by all shards; lives as long as the broker. Any thread may match
/// and apply; how they share is known to this file alone.
class SubscriptionIndex {
 public:
  /// One outcome per change, in order, and the version from which on they are matched.
  struct Applied {
    std::vector<ChangeOutcome> outcomes;
    std::uint64_t version = 0;
  };
  /// Makes all changes in order and at once: every match that begins after the return sees them.
  Applied apply(std::span<const SubscriptionChange> changes);

  /// Fills `out` with who gets a message to `name`, and returns the version they were matched under.
  /// Subscriptions with No Local leave out `publisher` (SessionId{} for the broker's own messages). Allocates
  /// nothing once `out` has grown to the usual size.
  std::uint64_t match(const TopicName& name, SessionId publisher, const MemberSelector& selector,
                      MatchSet& out) const;

  /// Draws another member of one group, for a message whose first choice is gone. False when the group does
  /// not exist or nobody can take the message; else `out` holds the one match.
  bool pick(const SubscriptionTarget& group, const MemberSelector& selector, MatchSet& out) const;

  /// What a group is called; nothing when its last member has left.
  std::optional<GroupName> group_name(GroupKey group) const;

  /// A higher number after each apply that changed anything: what was matched under this number still holds
  /// while the number is the same.
  std::uint64_t version() const { return version_.load(std::memory_order_acquire); }

  /// Whether anybody has subscribed to one of these topics at the moment. Without a lock, for the places
  /// where nearly always nobody has.
  bool is_heard(BrokerTopics topics) const {
    return listeners_[static_cast<std::size_t>(topics)].load(std::memory_order_relaxed) > 0;
  }

  /// Subscriptions of all sessions, shared ones included; without bindings.
  std::size_t subscription_count() const;
  std::size_t shared_subscription_count() const;

 private:
  void count_listener(const SubscriptionChange& change, ChangeOutcome outcome);

  mutable FairSharedMutex mutex_;
  SubscriptionTree tree_;
  std::size_t bindings_ = 0;
  std::atomic<std::uint64_t> version_{1};
  /// Filters that look there; changed under the lock.
  std::array<std::atomic<std::uint32_t>, kBrokerTopicsCount> listeners_{};
};

}  // namespace hermod::topic
