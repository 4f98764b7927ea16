#pragma once
#include <absl/container/inlined_vector.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "base/ids.h"

namespace hermod::queue {

/// A part of an ordered queue; every key belongs to one.
using LaneNo = std::uint32_t;

/// The first sequence of each lane that has any, the lowest first: a tree of winners, in which a change costs
/// one comparison for each doubling of the lanes. A value of one thread.
class FirstOfLanes {
 public:
  explicit FirstOfLanes(std::size_t lanes) : width_(std::bit_ceil(lanes)), best_(2 * width_, kNone) {}

  void set(LaneNo lane, Seq first) { put(lane, first.v); }
  void clear(LaneNo lane) { put(lane, kNone); }
  bool empty() const { return best_[kRoot] == kNone; }
  /// The lane of the lowest. Precondition: !empty().
  LaneNo front() const { return static_cast<LaneNo>(winner_in(kRoot) - width_); }
  /// Calls visit(Seq, LaneNo), in the order of the sequences, for as long as it gives true.
  template <class Visit>
  void visit(Visit visit) const {
    absl::InlinedVector<Open, 16> open;
    for (std::size_t next = kRoot; best_[next] != kNone;) {
      const std::size_t leaf = winner_in(next);
      if (!visit(Seq{best_[leaf]}, static_cast<LaneNo>(leaf - width_))) return;
      for (std::size_t node = leaf; node != next; node /= 2)
        if (const std::uint64_t other = best_[node ^ 1U]; other != kNone) push(open, {other, node ^ 1U});
      if (open.empty()) return;
      next = pop(open);
    }
  }

 private:
  static constexpr std::uint64_t kNone = ~0ULL;
  static constexpr std::size_t kRoot = 1;
  /// The best of a part of the tree that was not visited, and where it is.
  using Open = std::pair<std::uint64_t, std::size_t>;

  void put(LaneNo lane, std::uint64_t first) {
    std::size_t node = width_ + lane;
    best_[node] = first;
    while ((node /= 2) >= kRoot) {
      const std::uint64_t best = std::min(best_[2 * node], best_[2 * node + 1]);
      if (best_[node] == best) return;
      best_[node] = best;
    }
  }
  std::size_t winner_in(std::size_t node) const {
    while (node < width_) node = 2 * node + (best_[2 * node] == best_[node] ? 0 : 1);
    return node;
  }
  template <class Heap>
  static void push(Heap& heap, Open one) {
    heap.push_back(one);
    std::push_heap(heap.begin(), heap.end(), std::greater<>());
  }
  template <class Heap>
  static std::size_t pop(Heap& heap) {
    std::pop_heap(heap.begin(), heap.end(), std::greater<>());
    const std::size_t node = heap.back().second;
    heap.pop_back();
    return node;
  }

  std::size_t width_;  ///< leaves: the lanes, and some that are never used
  std::vector<std::uint64_t> best_;
};

}  // namespace hermod::queue
