#include "queue/group_position.h"

#include <algorithm>
#include <iterator>

#include "base/assert.h"

namespace hermod::queue {

bool GroupPosition::is_settled(Seq offset) const {
  if (offset < begin_.next) return true;
  auto behind = behind_.upper_bound(offset);
  return behind != behind_.begin() && offset < std::prev(behind)->second;
}

std::uint64_t GroupPosition::settled_between(Seq from, Seq to) const {
  const auto overlap = [&](Seq begin, Seq end) {
    const Seq first = std::max(begin, from);
    const Seq last = std::min(end, to);
    return first < last ? last.v - first.v : 0;
  };
  std::uint64_t settled = overlap(Seq{0}, begin_.next);
  for (const auto& [begin, end] : behind_) settled += overlap(begin, end);
  return settled;
}

void GroupPosition::settle(Seq from, Seq to) {
  HERMOD_ASSERT(from <= to);
  from = std::max(from, begin_.next);
  if (from >= to) return;
  begin_.not_before = {};
  auto it = behind_.upper_bound(from);
  if (it != behind_.begin() && std::prev(it)->second >= from) --it;
  while (it != behind_.end() && it->first <= to) {  // it touches them
    from = std::min(from, it->first);
    to = std::max(to, it->second);
    behind_count_ -= it->second.v - it->first.v;
    it = behind_.erase(it);
  }
  behind_.emplace(from, to);
  behind_count_ += to.v - from.v;
  join_first();
}

void GroupPosition::join_first() {
  const auto first = behind_.begin();
  if (first == behind_.end() || first->first > begin_.next) return;
  begin_.next = first->second;
  behind_count_ -= first->second.v - first->first.v;
  behind_.erase(first);
}

}  // namespace hermod::queue
