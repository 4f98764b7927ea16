#include "session/subscriptions.h"

#include <algorithm>
#include <utility>

namespace hermod::session {
namespace {

template <class Items>
auto position(Items& items, std::string_view filter) {
  return std::lower_bound(items.begin(), items.end(), filter, [](const Subscription& s, std::string_view f) {
    return std::string_view(s.filter).compare(f) < 0;
  });
}

}  // namespace

std::uint32_t Subscriptions::number_for(std::string_view filter) {
  for (Pending& pending : pending_) {
    if (pending.filter != filter) continue;
    ++pending.records;
    return pending.number;
  }
  const Subscription* known = find(filter);
  const std::uint32_t number = known != nullptr ? known->number : next_number_++;
  pending_.push_back({std::string(filter), number, 1});
  return number;
}

std::uint32_t Subscriptions::number_of(std::string_view filter) const {
  for (const Pending& pending : pending_)
    if (pending.filter == filter) return pending.number;
  const Subscription* known = find(filter);
  return known != nullptr ? known->number : 0;
}

void Subscriptions::settle(std::string_view filter) {
  const auto at = std::find_if(pending_.begin(), pending_.end(),
                               [&](const Pending& pending) { return pending.filter == filter; });
  if (at == pending_.end() || --at->records > 0) return;
  pending_.erase(at);
  if (pending_.empty()) pending_.shrink_to_fit();
}

bool Subscriptions::is_on_its_way(std::string_view filter) const {
  return std::any_of(pending_.begin(), pending_.end(),
                     [&](const Pending& pending) { return pending.filter == filter; });
}

std::size_t Subscriptions::on_their_way() const {
  return static_cast<std::size_t>(
      std::count_if(pending_.begin(), pending_.end(),
                    [&](const Pending& pending) { return find(pending.filter) == nullptr; }));
}

bool Subscriptions::set(std::string_view filter, const topic::SubscriptionOptions& options,
                        std::uint32_t number, std::unique_ptr<SubscriptionWish> wish) {
  next_number_ = std::max(next_number_, number + 1);
  auto at = position(items_, filter);
  if (at != items_.end() && at->filter == filter) {
    at->options = options;
    at->number = number;
    at->wish = std::move(wish);
    return false;
  }
  items_.insert(at, Subscription{std::string(filter), options, number, std::move(wish)});
  return true;
}

bool Subscriptions::remove(std::string_view filter) {
  auto at = position(items_, filter);
  if (at == items_.end() || at->filter != filter) return false;
  items_.erase(at);
  if (items_.empty()) items_.shrink_to_fit();
  return true;
}

std::vector<queue::GroupFilters::Hold> Subscriptions::take_group_holds() {
  std::vector<queue::GroupFilters::Hold> holds;
  for (Subscription& item : items_)
    if (item.wish && item.wish->group.is_held()) holds.push_back(std::move(item.wish->group));
  return holds;
}

const Subscription* Subscriptions::find(std::string_view filter) const {
  auto at = position(items_, filter);
  return at != items_.end() && at->filter == filter ? &*at : nullptr;
}

}  // namespace hermod::session
