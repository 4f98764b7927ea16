#include "topic/match_set.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace hermod::topic {
namespace {

/// So few comparisons are cheaper than the slots.
constexpr std::size_t kFewComparisons = 64;

}  // namespace

std::span<const std::uint32_t> MatchSet::identifiers(const Match& match) const {
  if (match.identifier_count <= 1) return {&match.identifier, match.identifier_count};
  return overflow_[match.identifier];
}

void MatchSet::reset(SessionId publisher) {
  matches_.clear();
  lists_.clear();
  overflow_used_ = 0;
  publisher_ = publisher;
  reusable_ = true;
}

void MatchSet::add(const SubscriberList& list) {
  if (!list.empty()) lists_.push_back(&list);
}

void MatchSet::add_shared(GroupKey group, const Subscriber& member) {
  reusable_ = false;
  append(member, group);
}

void MatchSet::merge() {
  if (lists_.empty()) return;
  // Sessions are unique within a list, so the longest one needs no entry in the slots: it goes last and is
  // only looked up against the shorter ones. One list alone needs nothing.
  std::swap(*std::max_element(lists_.begin(), lists_.end(),
                              [](const auto* a, const auto* b) { return a->size() < b->size(); }),
            lists_.back());
  std::size_t total = 0;
  for (const SubscriberList* list : lists_) total += list->size();
  const std::size_t first = matches_.size();
  matches_.reserve(first + total);
  const SubscriberList& longest = *lists_.back();
  lists_.pop_back();
  const std::size_t others = total - longest.size();

  if (others * total <= kFewComparisons) {
    lists_.push_back(&longest);
    for (const SubscriberList* list : lists_) {
      const std::size_t before = matches_.size();
      for (const Subscriber& subscriber : *list) {
        if (is_dropped(subscriber)) continue;
        const auto end = matches_.begin() + static_cast<std::ptrdiff_t>(before);
        const auto at = std::find_if(matches_.begin() + static_cast<std::ptrdiff_t>(first), end,
                                     [&](const Match& m) { return m.session == subscriber.session; });
        if (at == end) {
          append(subscriber, {});
        } else {
          combine(*at, subscriber);
        }
      }
    }
    return;
  }

  prepare_slots(others);
  for (const SubscriberList* list : lists_) {
    for (const Subscriber& subscriber : *list) {
      if (is_dropped(subscriber)) continue;
      Slot& slot = slot_for(subscriber.session);
      if (slot.round == round_) {
        combine(matches_[slot.match], subscriber);
      } else {
        slot = {subscriber.session, round_, static_cast<std::uint32_t>(matches_.size())};
        append(subscriber, {});
      }
    }
  }
  for (const Subscriber& subscriber : longest) {
    if (is_dropped(subscriber)) continue;
    if (const Slot& slot = slot_for(subscriber.session); slot.round == round_) {
      combine(matches_[slot.match], subscriber);
    } else {
      append(subscriber, {});
    }
  }
}

bool MatchSet::is_dropped(const Subscriber& subscriber) {
  if (!subscriber.no_local) return false;
  reusable_ = false;
  return subscriber.session == publisher_;  // [MQTT-3.8.3-3]
}

void MatchSet::append(const Subscriber& subscriber, GroupKey group) {
  matches_.push_back({subscriber.session, group, subscriber.identifier, subscriber.identifier != 0 ? 1U : 0U,
                      subscriber.granted_qos, subscriber.retain_as_published});
}

void MatchSet::combine(Match& match, const Subscriber& subscriber) {
  match.granted_qos = std::max(match.granted_qos, subscriber.granted_qos);  // [MQTT-3.3.4-2]
  match.retain_as_published = match.retain_as_published || subscriber.retain_as_published;
  if (subscriber.identifier == 0) return;
  if (match.identifier_count == 0) {
    match.identifier = subscriber.identifier;
  } else if (match.identifier_count == 1) {
    if (overflow_used_ == overflow_.size()) overflow_.emplace_back();
    overflow_[overflow_used_].assign({match.identifier, subscriber.identifier});
    match.identifier = static_cast<std::uint32_t>(overflow_used_++);
  } else {
    overflow_[match.identifier].push_back(subscriber.identifier);  // [MQTT-3.3.4-4]
  }
  ++match.identifier_count;
}

void MatchSet::prepare_slots(std::size_t sessions) {
  const std::size_t size = std::bit_ceil(2 * sessions + 2);
  if (size > slots_.size() || round_ == std::numeric_limits<std::uint32_t>::max()) {
    slots_.assign(std::max(size, slots_.size()), Slot{});
    round_ = 0;
  }
  slot_mask_ = size - 1;  // no more than this round needs: a small round after a huge one stays in the cache
  ++round_;
}

MatchSet::Slot& MatchSet::slot_for(SessionId session) {
  // Fibonacci hashing; session numbers are our own, nobody can choose them to collide.
  std::size_t at = (session.v * 0x9E3779B97F4A7C15ULL) >> 32 & slot_mask_;
  while (slots_[at].round == round_ && slots_[at].session != session) at = (at + 1) & slot_mask_;
  return slots_[at];
}

}  // namespace hermod::topic
