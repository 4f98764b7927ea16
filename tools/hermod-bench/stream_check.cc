#include "stream_check.h"

#include <algorithm>

namespace hermod::bench {
namespace {

std::uint64_t total(std::span<const SequenceRange> ranges) {
  std::uint64_t sum = 0;
  for (const SequenceRange& range : ranges) sum += range.end - range.begin;
  return sum;
}

/// What is missing out of 0 .. sent-1, ascending.
std::vector<SequenceRange> missing_up_to(const StreamCheck& check, std::uint64_t sent) {
  std::vector<SequenceRange> missing(check.missing().begin(), check.missing().end());
  if (check.next() < sent) missing.push_back({check.next(), sent});
  return missing;
}

std::vector<SequenceRange> intersection(std::span<const SequenceRange> a, std::span<const SequenceRange> b) {
  std::vector<SequenceRange> both;
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < a.size() && j < b.size()) {
    const SequenceRange overlap{std::max(a[i].begin, b[j].begin), std::min(a[i].end, b[j].end)};
    if (overlap.begin < overlap.end) both.push_back(overlap);
    if (a[i].end < b[j].end)
      ++i;
    else
      ++j;
  }
  return both;
}

}  // namespace

std::uint64_t StreamCheck::received() const {
  return next_ - total(missing_);
}

StreamCheck::Arrival StreamCheck::on_unexpected(std::uint64_t sequence) {
  if (sequence > next_) {
    missing_.push_back({next_, sequence});
    next_ = sequence + 1;
    return Arrival::InOrder;
  }
  const auto after = std::upper_bound(missing_.begin(), missing_.end(), sequence,
                                      [](std::uint64_t s, const SequenceRange& r) { return s < r.begin; });
  if (after == missing_.begin() || sequence >= std::prev(after)->end) return Arrival::Duplicate;
  const auto gap = std::prev(after);
  const SequenceRange rest{sequence + 1, gap->end};
  if (gap->begin == sequence) {
    if (rest.begin == rest.end)
      missing_.erase(gap);
    else
      gap->begin = rest.begin;
  } else {
    gap->end = sequence;
    if (rest.begin < rest.end) missing_.insert(after, rest);
  }
  return Arrival::Late;
}

GroupResult merge_members(std::span<const StreamCheck* const> members, std::uint64_t sent) {
  if (members.empty()) return {sent, 0};
  std::vector<SequenceRange> lost = missing_up_to(*members.front(), sent);
  std::uint64_t copies = members.front()->received();
  for (const StreamCheck* member : members.subspan(1)) {
    lost = intersection(lost, missing_up_to(*member, sent));
    copies += member->received();
  }
  GroupResult result;
  result.lost = total(lost);
  const std::uint64_t distinct = sent - result.lost;
  result.duplicates = copies > distinct ? copies - distinct : 0;
  return result;
}

}  // namespace hermod::bench
