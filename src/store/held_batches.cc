#include "store/held_batches.h"

#include <iterator>

#include "base/assert.h"

namespace hermod::store {
namespace {

/// The front is given back in pieces of at least this.
constexpr std::size_t kWorthGivingBack = 256;

}  // namespace

void HeldBatches::add(Submission&& submission, std::span<const Appended> appends, std::size_t cost,
                      std::optional<MonotonicTime> wait_until) {
  HERMOD_ASSERT(!wait_until || submission.may_wait);
  const std::uint64_t number = base_ + batches_.size();
  Mark& mark = marks_.add();
  mark.appends.assign(appends.begin(), appends.end());
  mark.cost = cost;
  mark.wait_until = wait_until;
  bytes_ += submission.batch.bytes();
  cost_ += cost;
  if (!submission.batch.empty() && !wait_until) urgent_ = true;
  done_.push_back({std::move(submission.ticket), mark.appends, false, submission.is_refused});
  batches_.push_back(std::move(submission));
  if (!batches_.back().may_wait || batches_.back().batch.empty()) return;
  if (batches_.back().batch.append_count() == 0) return note_erases(number, mark);
  if (wait_until) note_appends(number, mark);
}

std::optional<MonotonicTime> HeldBatches::wait_until() const {
  for (std::size_t at = head_; at < batches_.size(); ++at)
    if (!batches_[at].batch.empty()) return marks_[at].wait_until;
  return std::nullopt;
}

bool HeldBatches::is_erase(std::size_t at) const {
  return batches_[at].may_wait && batches_[at].batch.append_count() == 0;
}

void HeldBatches::note_appends(std::uint64_t number, Mark& mark) {
  mark.open = static_cast<std::uint32_t>(mark.appends.size());
  for (const Appended& entry : mark.appends) open_.emplace(EntryKey{entry.stream.v, entry.seq.v}, number);
}

void HeldBatches::note_erases(std::uint64_t number, Mark& mark) {
  mark.open = static_cast<std::uint32_t>(batches_.back().batch.op_count());
  std::vector<std::uint64_t> needless;
  OpReader ops = batches_.back().batch.ops();
  while (const std::optional<Op> op = ops.next()) {
    HERMOD_ASSERT(op->kind == Op::Kind::EraseEntry);
    const auto found = open_.find(EntryKey{op->stream.v, op->seq.v});
    if (found == open_.end()) continue;
    const std::uint64_t append = found->second;
    mark.links.push_back({found->first, number});
    Mark& appended = marks_[append - base_];
    appended.links.push_back({found->first, number});
    open_.erase(found);
    if (--appended.open == 0) needless.push_back(append);
  }
  for (const std::uint64_t append : needless) elide(append);
}

/// The batch and the erases of its entries cancel out.
void HeldBatches::elide(std::uint64_t number) {
  const std::size_t at = number - base_;
  empty(at);
  done_[at].elided = true;
  for (const Link& link : marks_[at].links) {
    const std::size_t erase = link.erase - base_;
    for (Link& same : marks_[erase].links)
      if (same.entry == link.entry) same.cancelled = true;
    if (--marks_[erase].open == 0) empty(erase);
  }
}

void HeldBatches::empty(std::size_t at) {
  bytes_ -= batches_[at].batch.bytes();
  batches_[at].batch = {};
}

void HeldBatches::leave_out_cancelled() {
  for (std::size_t at = head_; at < batches_.size(); ++at) {
    const Mark& mark = marks_[at];
    if (!is_erase(at) || batches_[at].batch.empty() || mark.open == batches_[at].batch.op_count()) continue;
    WriteBatch left;
    auto link = mark.links.begin();  // in the order of the ops
    OpReader ops = batches_[at].batch.ops();
    while (const std::optional<Op> op = ops.next()) {
      const bool linked = link != mark.links.end() && link->entry == EntryKey{op->stream.v, op->seq.v};
      const bool cancelled = linked && link->cancelled;
      if (linked) ++link;
      if (!cancelled) left.erase_entry(op->stream, op->seq);
    }
    bytes_ -= batches_[at].batch.bytes();
    bytes_ += left.bytes();
    batches_[at].batch = std::move(left);
  }
}

/// Nothing behind it refers to what is answered.
void HeldBatches::give_back_front() {
  while (head_ < batches_.size() && marks_[head_].answered) ++head_;
  if (head_ == batches_.size()) return clear();
  if (head_ < kWorthGivingBack || 2 * head_ < batches_.size()) return;
  const auto front = static_cast<std::ptrdiff_t>(head_);
  batches_.erase(batches_.begin(), batches_.begin() + front);
  done_.erase(done_.begin(), done_.begin() + front);
  marks_.drop_front(head_);
  base_ += head_;
  head_ = 0;
}

void HeldBatches::clear() {
  base_ += batches_.size();
  next_ = base_;
  batches_.clear();
  done_.clear();
  marks_.clear();
  head_ = 0;
  bytes_ = 0;
  cost_ = 0;
  urgent_ = false;
  open_.clear();
}

}  // namespace hermod::store
