#include "session/subscriptions.h"

#include <algorithm>

namespace hermod::session {
namespace {

template <class Items>
auto position(Items& items, std::string_view filter) {
  return std::lower_bound(items.begin(), items.end(), filter, [](const Subscription& s, std::string_view f) {
    return std::string_view(s.filter).compare(f) < 0;
  });
}

}  // namespace

bool Subscriptions::set(std::string_view filter, const topic::SubscriptionOptions& options) {
  auto at = position(items_, filter);
  if (at != items_.end() && at->filter == filter) {
    at->options = options;
    return false;
  }
  items_.insert(at, Subscription{std::string(filter), options});
  return true;
}

bool Subscriptions::remove(std::string_view filter) {
  auto at = position(items_, filter);
  if (at == items_.end() || at->filter != filter) return false;
  items_.erase(at);
  if (items_.empty()) items_.shrink_to_fit();
  return true;
}

const Subscription* Subscriptions::find(std::string_view filter) const {
  auto at = position(items_, filter);
  return at != items_.end() && at->filter == filter ? &*at : nullptr;
}

}  // namespace hermod::session
