#include "topic/subscriber_list.h"

#include <algorithm>

namespace hermod::topic {
namespace {

/// Above this many, finding a session by looking at each costs more than a hash table is worth.
constexpr std::size_t kLong = 32;
/// Hysteresis: the index goes only when the list became much shorter.
constexpr std::size_t kShort = 16;

}  // namespace

std::size_t SubscriberList::position_of(SessionId session) const {
  if (index_ != nullptr) {
    const auto at = index_->find(session);
    return at == index_->end() ? subscribers_.size() : at->second;
  }
  const auto* const at =
      std::find_if(begin(), end(), [&](const Subscriber& s) { return s.session == session; });
  return static_cast<std::size_t>(at - begin());
}

ChangeOutcome SubscriberList::set(SessionId session, const SubscriptionOptions& options) {
  const Subscriber subscriber{session, options.identifier, options.granted_qos, options.no_local,
                              options.retain_as_published};
  const std::size_t at = position_of(session);
  if (at < subscribers_.size()) {
    subscribers_[at] = subscriber;
    return ChangeOutcome::Replaced;
  }
  subscribers_.push_back(subscriber);
  if (index_ != nullptr) {
    index_->emplace(session, static_cast<std::uint32_t>(at));
  } else if (subscribers_.size() > kLong) {
    index_ = std::make_unique<absl::flat_hash_map<SessionId, std::uint32_t>>();
    index_->reserve(2 * kLong);
    for (std::size_t i = 0; i < subscribers_.size(); ++i) {
      index_->emplace(subscribers_[i].session, static_cast<std::uint32_t>(i));
    }
  }
  return ChangeOutcome::Added;
}

ChangeOutcome SubscriberList::remove(SessionId session) {
  const std::size_t at = position_of(session);
  if (at == subscribers_.size()) return ChangeOutcome::NotFound;
  if (index_ != nullptr) {
    (*index_)[subscribers_.back().session] = static_cast<std::uint32_t>(at);
    index_->erase(session);
  }
  subscribers_[at] = subscribers_.back();
  subscribers_.pop_back();
  if (subscribers_.size() < kShort) {
    index_.reset();
    if (subscribers_.size() < subscribers_.capacity() / 4) subscribers_.shrink_to_fit();
  }
  return ChangeOutcome::Removed;
}

}  // namespace hermod::topic
