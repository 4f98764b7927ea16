#include "queue/wish_list.h"

#include <algorithm>

#include "base/assert.h"

namespace hermod::queue {

/// Zero when there is none.
Seq ReadySet::first_in(LaneNo lane) const {
  const auto first = entries_.lower_bound({lane, Seq{}});
  return first == entries_.end() || first->first != lane ? Seq{} : first->second;
}

void ReadySet::insert(LaneNo lane, Seq seq) {
  const Seq before = first_in(lane);
  if (!entries_.insert({lane, seq}).second || (before.v != 0 && before < seq)) return;
  if (before.v != 0) firsts_.erase({before, lane});
  firsts_.insert({seq, lane});
}

void ReadySet::erase(LaneNo lane, Seq seq) {
  if (entries_.erase({lane, seq}) == 0 || firsts_.erase({seq, lane}) == 0) return;
  if (const Seq next = first_in(lane); next.v != 0) firsts_.insert({next, lane});
}

WishNo WishList::add(const Wish& wish) {
  for (auto& [number, wanted] : wanted_) {
    if (wanted.wish.claims != wish.claims || wanted.wish.most_bytes != wish.most_bytes) continue;
    if (!(wanted.wish.filter == wish.filter)) continue;
    ++wanted.consumers;
    return number;
  }
  last_ = WishNo{last_.v + 1};
  Wanted& added = wanted_[last_];
  added.wish = wish;
  added.consumers = 1;
  return last_;
}

void WishList::remove(WishNo number) {
  const auto found = wanted_.find(number);
  HERMOD_ASSERT(found != wanted_.end());
  if (--found->second.consumers == 0) wanted_.erase(found);
}

bool WishList::has_filters() const {
  return std::any_of(wanted_.begin(), wanted_.end(),
                     [](const auto& one) { return !one.second.wish.filter.empty(); });
}

void WishList::show(LaneNo lane, Seq seq, const Offered& offered, bool follows_passed) {
  for (auto& [number, wanted] : wanted_)
    if (seq < wanted.seen_to) show_to(wanted, lane, seq, offered, follows_passed);
}

void WishList::show_claims(LaneNo lane, Seq seq, const Offered& offered) {
  for (auto& [number, wanted] : wanted_)
    if (wanted.wish.claims && seq < wanted.seen_to) show_to(wanted, lane, seq, offered, false);
}

void WishList::show_to(Wanted& wanted, LaneNo lane, Seq seq, const Offered& offered, bool follows_passed) {
  if (wanted.wish.claims && follows_passed) return wanted.ready.erase(lane, seq);
  if (wanted.ready.contains(lane, seq) || offered.size > wanted.wish.most_bytes) return;
  if (!wanted.wish.filter.empty()) {
    ++examined_;
    if (!wanted.wish.filter.matches(offered.forwarded_properties)) return;
  }
  wanted.ready.insert(lane, seq);
}

void WishList::hide(LaneNo lane, Seq seq) {
  for (auto& [number, wanted] : wanted_) wanted.ready.erase(lane, seq);
}

bool WishList::sees(Seq seq) const {
  return std::any_of(wanted_.begin(), wanted_.end(),
                     [seq](const auto& one) { return seq < one.second.seen_to; });
}

bool WishList::is_wanted(LaneNo lane, Seq seq) const {
  return std::any_of(wanted_.begin(), wanted_.end(),
                     [&](const auto& one) { return one.second.ready.contains(lane, seq); });
}

bool WishList::is_unwanted(LaneNo lane, Seq seq) const {
  return std::all_of(wanted_.begin(), wanted_.end(), [&](const auto& one) {
    const Wanted& wanted = one.second;
    return seq < wanted.seen_to && !wanted.wish.claims && !wanted.ready.contains(lane, seq);
  });
}

void WishList::show_newcomer(WishNo number, LaneNo lane, Seq seq, const Offered& offered,
                             bool follows_passed) {
  show_to(wanted_.at(number), lane, seq, offered, follows_passed);
}

void WishList::set_seen(WishNo number, Seq seen_to) {
  wanted_.at(number).seen_to = seen_to;
}

}  // namespace hermod::queue
