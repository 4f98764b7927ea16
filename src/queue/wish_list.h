#pragma once
#include <absl/container/btree_map.h>
#include <absl/container/btree_set.h>
#include <absl/container/inlined_vector.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "queue/lanes.h"
#include "queue/property_filter.h"

namespace hermod::queue {

/// What a consumer takes: what its filter lets through, nothing that is larger, and with `claims`, at QoS 2,
/// nothing that follows what was acknowledged and is not gone from the store.
struct Wish {
  PropertyFilter filter{};
  bool claims = false;
  std::uint64_t most_bytes = kAnySize;
  static constexpr std::uint64_t kAnySize = ~0ULL;
};

/// What is held against a wish.
struct Offered {
  Bytes forwarded_properties{};
  std::uint64_t size = 0;
};

/// Entries by lane, and the lanes by the first of each. Every call costs O(log n).
class ReadySet {
 public:
  void insert(LaneNo lane, Seq seq);
  void erase(LaneNo lane, Seq seq);
  bool contains(LaneNo lane, Seq seq) const { return entries_.contains({lane, seq}); }
  /// Calls visit(Seq, LaneNo) for the first of each lane, in their order, for as long as it gives true.
  template <class Visit>
  void visit(Visit visit) const {
    for (const auto& [first, lane] : firsts_)
      if (!visit(first, lane)) return;
  }
  std::size_t size() const { return entries_.size(); }

 private:
  Seq first_in(LaneNo lane) const;

  absl::btree_set<std::pair<LaneNo, Seq>> entries_;
  absl::btree_set<std::pair<Seq, LaneNo>> firsts_;
};

/// What is ready, for each distinct wish of the consumers: an entry is examined when it becomes ready, once
/// for each, and not for every delivery. Consumers that take everything have no wish here. Owned by a queue's
/// group, same thread. Memory is an entry of each set for everything that is ready and wanted.
class WishList {
 public:
  /// One consumer more with that wish. Of a wish that is new nothing is known: the caller shows what is
  /// ready.
  WishNo add(const Wish& wish);
  /// And one less; a wish that nobody has any more is forgotten.
  void remove(WishNo number);
  bool is_empty() const { return wanted_.empty(); }
  /// Some look at more than the size.
  bool has_filters() const;

  /// An entry is ready; `follows_passed` as Lanes says.
  void show(LaneNo lane, Seq seq, const Offered& offered, bool follows_passed);
  /// It is ready since longer, and follows nothing any more: to those with claims it is new.
  void show_claims(LaneNo lane, Seq seq, const Offered& offered);
  /// It is not, or no more.
  void hide(LaneNo lane, Seq seq);
  /// What is ready is shown to a wish that is new from the front on: what is behind `seen_to` was not yet,
  /// and is nothing to show() it.
  struct Newcomer {
    WishNo number{};
    Seq seen_to{};
  };
  using Newcomers = absl::InlinedVector<Newcomer, 4>;
  /// The wishes that are not level, in their order, but for those that `looks_on(WishNo, const ReadySet&)`
  /// denies.
  template <class LooksOn>
  Newcomers newcomers(LooksOn looks_on) const {
    Newcomers all;
    for (const auto& [number, wanted] : wanted_)
      if (wanted.seen_to != kLevel && looks_on(number, wanted.ready)) all.push_back({number, wanted.seen_to});
    return all;
  }
  /// Whether an entry that is ready is shown to any; behind that it is seen in its turn.
  bool sees(Seq seq) const;
  void show_newcomer(WishNo number, LaneNo lane, Seq seq, const Offered& offered, bool follows_passed);
  static constexpr Seq kLevel{~0ULL};
  void set_seen(WishNo number, Seq seen_to);

  bool wants(WishNo number, LaneNo lane, Seq seq) const {
    return wanted_.at(number).ready.contains(lane, seq);
  }
  /// Calls visit(WishNo, const ReadySet&) for each.
  template <class Visit>
  void for_each(Visit visit) const {
    for (const auto& [number, wanted] : wanted_) visit(number, wanted.ready);
  }
  /// Of what is ready: whether any of them takes it.
  bool is_wanted(LaneNo lane, Seq seq) const;
  /// Whether none of them ever will: all have seen it, and none has to wait for what it follows.
  bool is_unwanted(LaneNo lane, Seq seq) const;
  /// How often an entry was held against a filter.
  std::uint64_t examined() const { return examined_; }

 private:
  struct Wanted {
    Wish wish;
    std::size_t consumers = 0;
    Seq seen_to{};  ///< or kLevel
    ReadySet ready;
  };
  void show_to(Wanted& wanted, LaneNo lane, Seq seq, const Offered& offered, bool follows_passed);

  absl::btree_map<WishNo, Wanted> wanted_;
  WishNo last_ = kWantsEverything;
  std::uint64_t examined_ = 0;
};

}  // namespace hermod::queue
