#include "topic/subscription_index.h"

#include <mutex>
#include <shared_mutex>

namespace hermod::topic {

SubscriptionIndex::Applied SubscriptionIndex::apply(std::span<const SubscriptionChange> changes) {
  Applied applied;
  applied.outcomes.reserve(changes.size());
  bool changed = false;
  const std::unique_lock lock(mutex_);
  for (const SubscriptionChange& change : changes) {
    applied.outcomes.push_back(tree_.apply(change));
    const ChangeOutcome outcome = applied.outcomes.back();
    changed = changed || outcome != ChangeOutcome::NotFound;
    if (change.is_binding && outcome == ChangeOutcome::Added) ++bindings_;
    if (change.is_binding && outcome == ChangeOutcome::Removed) --bindings_;
    count_listener(change, outcome);
  }
  if (changed) version_.fetch_add(1, std::memory_order_release);
  applied.version = version_.load(std::memory_order_relaxed);
  return applied;
}

void SubscriptionIndex::count_listener(const SubscriptionChange& change, ChangeOutcome outcome) {
  const auto topics = broker_topics_of(change.target.filter.text());
  if (!topics) return;
  std::atomic<std::uint32_t>& listeners = listeners_[static_cast<std::size_t>(*topics)];
  if (outcome == ChangeOutcome::Added) listeners.fetch_add(1, std::memory_order_relaxed);
  if (outcome == ChangeOutcome::Removed) listeners.fetch_sub(1, std::memory_order_relaxed);
}

std::uint64_t SubscriptionIndex::match(const TopicName& name, SessionId publisher,
                                       const MemberSelector& selector, MatchSet& out) const {
  const std::shared_lock lock(mutex_);
  tree_.match(name, publisher, selector, out);
  return version_.load(std::memory_order_relaxed);
}

bool SubscriptionIndex::pick(const SubscriptionTarget& group, const MemberSelector& selector,
                             MatchSet& out) const {
  const std::shared_lock lock(mutex_);
  return tree_.pick(group, selector, out);
}

std::optional<GroupName> SubscriptionIndex::group_name(GroupKey group) const {
  const std::shared_lock lock(mutex_);
  const GroupName* name = tree_.group_name(group);
  return name == nullptr ? std::nullopt : std::optional<GroupName>(*name);
}

std::size_t SubscriptionIndex::subscription_count() const {
  const std::shared_lock lock(mutex_);
  return tree_.subscription_count() - bindings_;
}

std::size_t SubscriptionIndex::shared_subscription_count() const {
  const std::shared_lock lock(mutex_);
  return tree_.shared_subscription_count();
}

}  // namespace hermod::topic
