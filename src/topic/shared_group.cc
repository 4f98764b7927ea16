#include "topic/shared_group.h"

#include <algorithm>

namespace hermod::topic {

const Subscriber* SharedGroup::choose(const MemberSelector& selector) const {
  const std::size_t size = members_.size();
  if (size == 0) return nullptr;
  const std::uint32_t first = turn_.fetch_add(1, std::memory_order_relaxed);
  const std::size_t asked = std::min(size, kMostAsked);
  // Whoever stood in for busy or sleeping members has had the turn: the next one is behind it.
  const auto had_by = [&](std::size_t place) {
    if (place > 0) turn_.store(first + static_cast<std::uint32_t>(place) + 1, std::memory_order_relaxed);
  };
  const Subscriber* busy = nullptr;
  std::size_t busy_at = 0;
  const Subscriber* sleeping = nullptr;
  std::size_t at = first % size;
  for (std::size_t i = 0; i < asked; ++i) {
    const Subscriber& member = members_[at];
    switch (selector.rank(member.session)) {
      case MemberSelector::Rank::Online:
        had_by(i);
        return &member;
      case MemberSelector::Rank::Busy:
        if (busy != nullptr) break;
        busy = &member;
        busy_at = i;
        break;
      case MemberSelector::Rank::Offline:
        // Always the same one while all are away, so that the group's messages wait in one queue, in order.
        if (sleeping == nullptr || &member < sleeping) sleeping = &member;
        break;
      case MemberSelector::Rank::Never:
        break;
    }
    if (++at == size) at = 0;
  }
  if (busy == nullptr) return sleeping;
  had_by(busy_at);
  return busy;
}

}  // namespace hermod::topic
