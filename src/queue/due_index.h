#pragma once
#include <absl/container/btree_set.h>
#include <absl/container/flat_hash_map.h>

#include <cstddef>
#include <optional>
#include <utility>

namespace hermod::queue {

/// What is due when, earliest first; of two that are due together the smaller one. Holds no timer: its owner
/// asks next_due() and comes back then. A value of one thread.
template <class Time, class What>
class DueIndex {
 public:
  /// Replaces the time it had.
  void set(What what, Time due) {
    auto [place, is_new] = times_.try_emplace(what, due);
    if (!is_new) {
      order_.erase({place->second, what});
      place->second = due;
    }
    order_.insert({due, what});
  }
  /// False when it had no time.
  bool cancel(What what) {
    if (times_.empty()) return false;  // most queues have nothing that is due
    const auto place = times_.find(what);
    if (place == times_.end()) return false;
    order_.erase({place->second, what});
    times_.erase(place);
    return true;
  }
  std::optional<Time> next_due() const {
    if (order_.empty()) return std::nullopt;
    return order_.begin()->first;
  }
  /// Takes out the earliest that is due at `now`.
  std::optional<What> take_due(Time now) {
    if (order_.empty() || order_.begin()->first > now) return std::nullopt;
    const What what = order_.begin()->second;
    order_.erase(order_.begin());
    times_.erase(what);
    return what;
  }
  std::optional<Time> time_of(What what) const {
    const auto place = times_.find(what);
    if (place == times_.end()) return std::nullopt;
    return place->second;
  }
  std::size_t size() const { return times_.size(); }

 private:
  absl::btree_set<std::pair<Time, What>> order_;
  absl::flat_hash_map<What, Time> times_;
};

}  // namespace hermod::queue
