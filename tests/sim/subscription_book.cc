#include "tests/sim/subscription_book.h"

#include <algorithm>

namespace hermod::sim {
namespace {

/// Cuts the first level off; false when there was none left.
bool next_level(std::string_view& rest, bool& ended, std::string_view& level) {
  if (ended) return false;
  const std::size_t slash = rest.find('/');
  level = rest.substr(0, slash);
  ended = slash == std::string_view::npos;
  if (!ended) rest.remove_prefix(slash + 1);
  return true;
}

}  // namespace

bool matches(std::string_view filter, std::string_view topic) {
  if (topic.starts_with('$') && (filter.starts_with('+') || filter.starts_with('#'))) return false;
  bool filter_ended = false;
  bool topic_ended = false;
  std::string_view wanted;
  std::string_view found;
  for (;;) {
    if (!next_level(filter, filter_ended, wanted)) return topic_ended;
    if (wanted == "#") return true;
    if (!next_level(topic, topic_ended, found)) return false;
    if (wanted != "+" && wanted != found) return false;
    if (topic_ended && !filter_ended) return filter == "#";
  }
}

Stay* SubscriptionBook::open(std::string_view filter) {
  const auto found = std::find_if(stays_.begin(), stays_.end(),
                                  [&](const Stay& stay) { return stay.filter == filter && !stay.left; });
  return found == stays_.end() ? nullptr : &*found;
}

void SubscriptionBook::asked(const Stay& stay, bool wants_retained) {
  if (Stay* known = open(stay.filter)) {
    if (!known->granted) known->wants_retained &= wants_retained;
  } else {
    stays_.push_back(stay);
    stays_.back().wants_retained = wants_retained;
  }
}

void SubscriptionBook::granted(std::string_view filter, std::uint64_t step) {
  if (Stay* stay = open(filter); stay != nullptr && !stay->granted) stay->granted = step;
}

void SubscriptionBook::refused(std::string_view filter, std::uint64_t step) {
  if (Stay* stay = open(filter); stay != nullptr && !stay->granted) stay->left = stay->gone = step;
}

void SubscriptionBook::leaving(std::string_view filter, std::uint64_t step) {
  if (Stay* stay = open(filter); stay != nullptr && !stay->leaving) stay->leaving = step;
}

void SubscriptionBook::left(std::string_view filter, std::uint64_t step) {
  if (Stay* stay = open(filter)) stay->left = stay->gone = step;
}

void SubscriptionBook::session_lost(std::uint64_t step) {
  for (Stay& stay : stays_) {
    // What was unsubscribed before may be lost too, if its messages were still in the queue.
    stay.lost = true;
    if (stay.left) continue;
    stay.left = step;
    if (!stay.leaving) stay.leaving = step;
  }
}

void SubscriptionBook::connected(std::uint64_t step) {
  for (Stay& stay : stays_)
    if (stay.lost && !stay.gone) stay.gone = step;
}

/// What the broker had not finished begins again.
void SubscriptionBook::broker_crashed(std::uint64_t durable) {
  for (Stay& stay : stays_)
    if (stay.lost && stay.left && *stay.left > durable) stay.revived = true;
  const std::vector<std::string> asked = retained_asks_;
  retained_asks_.insert(retained_asks_.end(), asked.begin(), asked.end());
}

std::size_t SubscriptionBook::retained_allowance(std::string_view topic) const {
  return static_cast<std::size_t>(
      std::count_if(retained_asks_.begin(), retained_asks_.end(),
                    [&](const std::string& filter) { return matches(filter, topic); }));
}

}  // namespace hermod::sim
