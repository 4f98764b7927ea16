#pragma once
#include <absl/container/flat_hash_map.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "topic/member_selector.h"
#include "topic/subscriber_list.h"
#include "topic/subscription.h"
#include "topic/text_hash.h"

namespace hermod::topic {

/// The members of one shared subscription and whose turn it is. Owned by its tree; several threads may choose
/// at the same time while nobody changes the members.
class SharedGroup {
 public:
  SharedGroup(GroupKey key, GroupName name) : key_(key), name_(std::move(name)) {}

  GroupKey key() const { return key_; }
  const GroupName& name() const { return name_; }
  SubscriberList& members() { return members_; }
  const SubscriberList& members() const { return members_; }

  /// The next online member in turn, else the next offline one, else null. Asks at most kMostAsked members,
  /// so that a crowd of sleepers cannot stop a shard.
  const Subscriber* choose(const MemberSelector& selector) const;

  static constexpr std::size_t kMostAsked = 4096;

 private:
  GroupKey key_;
  GroupName name_;
  SubscriberList members_;
  /// Position of the member asked first next time; relaxed, because a turn lost in a race harms nobody.
  mutable std::atomic<std::uint32_t> turn_{0};
};

/// Everybody who has one topic filter: sessions of their own and groups. Owned by its tree, same thread.
struct FilterSubscribers {
  using Groups = absl::flat_hash_map<std::string, std::unique_ptr<SharedGroup>, TextHash, std::equal_to<>>;

  SubscriberList plain;
  /// By share name; null when nobody shares this filter.
  std::unique_ptr<Groups> groups;

  bool empty() const { return plain.empty() && groups == nullptr; }
};

}  // namespace hermod::topic
