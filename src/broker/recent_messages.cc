#include "broker/recent_messages.h"

namespace hermod::broker {

queue::MessagePtr RecentMessages::find(MessageId id) const {
  const std::lock_guard lock(mutex_);
  const auto found = messages_.find(id);
  return found == messages_.end() ? queue::MessagePtr() : found->second;
}

void RecentMessages::keep(MessageId id, const queue::MessagePtr& message) {
  if (message->size() < kWorthKeeping) return;
  const std::lock_guard lock(mutex_);
  if (!messages_.try_emplace(id, message).second) return;
  order_.push_back(id);
  bytes_ += message->size();
  while (bytes_ > kMostBytes && order_.size() > 1) {
    const auto oldest = messages_.find(order_.front());
    bytes_ -= oldest->second->size();
    messages_.erase(oldest);
    order_.pop_front();
  }
}

}  // namespace hermod::broker
