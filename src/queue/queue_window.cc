#include "queue/queue_window.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace hermod::queue {

Seq QueueWindow::push(Delivery delivery) {
  const Seq seq = next_;
  add_visible(seq, std::move(delivery), Entry::Phase::Waiting);
  return seq;
}

void QueueWindow::offer(Seq seq, Delivery delivery) {
  HERMOD_ASSERT(seq >= next_);
  if (seq == next_) {
    add_visible(seq, std::move(delivery), Entry::Phase::Waiting);
    if (early_) add_early();
    return;
  }
  if (!early_) early_ = std::make_unique<std::map<Seq, Early>>();
  early_->emplace(seq, Early{std::move(delivery), false});
}

void QueueWindow::skip(Seq seq) {
  HERMOD_ASSERT(seq >= next_);
  if (seq == next_) {
    add_visible(seq, {}, Entry::Phase::Gone);
    if (early_) add_early();
    return;
  }
  if (!early_) early_ = std::make_unique<std::map<Seq, Early>>();
  early_->emplace(seq, Early{{}, true});
}

void QueueWindow::start_at(Seq next) {
  HERMOD_ASSERT(count_ == 0 && !early_);
  next_ = next;
}

void QueueWindow::restore(Seq seq, Delivery delivery) {
  HERMOD_ASSERT(seq >= next_ && !early_);
  add_visible(seq, std::move(delivery), Entry::Phase::Waiting);
}

void QueueWindow::resume_at(Seq next) {
  HERMOD_ASSERT(!early_);
  next_ = std::max(next_, next);
}

void QueueWindow::add_visible(Seq seq, Delivery delivery, Entry::Phase phase) {
  next_ = Seq{seq.v + 1};
  if (phase == Entry::Phase::Waiting) {
    bytes_ += delivery.message->size();
    ++waiting_;
    ++count_;
  }
  entries_.push_back({seq, std::move(delivery), phase});
  if (phase == Entry::Phase::Gone) trim();
}

void QueueWindow::add_early() {
  while (!early_->empty() && early_->begin()->first == next_) {
    auto node = early_->extract(early_->begin());
    const auto phase = node.mapped().skipped ? Entry::Phase::Gone : Entry::Phase::Waiting;
    add_visible(node.key(), std::move(node.mapped().delivery), phase);
  }
  if (early_->empty()) early_.reset();
}

std::size_t QueueWindow::index_of(Seq seq) const {
  if (head_ == entries_.size() || seq < entries_[head_].seq) return entries_.size();
  // Sequences are gapless but for what a restart has left out.
  const std::uint64_t offset = seq.v - entries_[head_].seq.v;
  if (offset < entries_.size() - head_ && entries_[head_ + offset].seq == seq) return head_ + offset;
  const auto at = std::lower_bound(entries_.begin() + static_cast<std::ptrdiff_t>(head_), entries_.end(), seq,
                                   [](const Entry& entry, Seq wanted) { return entry.seq < wanted; });
  return at != entries_.end() && at->seq == seq ? static_cast<std::size_t>(at - entries_.begin())
                                                : entries_.size();
}

const Entry* QueueWindow::next_waiting() const {
  return waiting_ > 0 ? &entries_[cursor_] : nullptr;
}

void QueueWindow::mark_sent(Seq seq) {
  Entry& entry = entries_[cursor_];
  HERMOD_ASSERT(waiting_ > 0 && entry.seq == seq && entry.phase == Entry::Phase::Waiting);
  entry.phase = Entry::Phase::Sent;
  --waiting_;
  trim();
}

const Entry* QueueWindow::find(Seq seq) const {
  const std::size_t index = index_of(seq);
  if (index == entries_.size() || entries_[index].phase != Entry::Phase::Sent) return nullptr;
  return &entries_[index];
}

MessagePtr QueueWindow::erase(Seq seq) {
  const std::size_t index = index_of(seq);
  if (index == entries_.size() || entries_[index].phase == Entry::Phase::Gone) return {};
  MessagePtr message = entries_[index].delivery.message;
  forget(index);
  trim();
  return message;
}

MessagePtr QueueWindow::drop_oldest_waiting(Seq& seq) {
  if (waiting_ == 0) return {};
  seq = entries_[cursor_].seq;
  MessagePtr dropped = entries_[cursor_].delivery.message;
  forget(cursor_);
  trim();
  return dropped;
}

void QueueWindow::forget(std::size_t index) {
  Entry& entry = entries_[index];
  if (entry.phase == Entry::Phase::Waiting) --waiting_;
  --count_;
  bytes_ -= entry.delivery.message->size();
  entry.delivery = {};
  entry.phase = Entry::Phase::Gone;
}

/// Moves the cursor to the first waiting entry and gives back the front that nobody needs.
void QueueWindow::trim() {
  while (head_ < entries_.size() && entries_[head_].phase == Entry::Phase::Gone) ++head_;
  if (cursor_ < head_) cursor_ = head_;
  while (cursor_ < entries_.size() && entries_[cursor_].phase != Entry::Phase::Waiting) ++cursor_;
  if (head_ == entries_.size()) {
    if (entries_.capacity() > 64) {
      std::vector<Entry>().swap(entries_);
    } else {
      entries_.clear();
    }
    head_ = cursor_ = 0;
  } else if (head_ >= 64 && head_ * 2 >= entries_.size()) {
    entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(head_));
    cursor_ -= head_;
    head_ = 0;
  }
}

}  // namespace hermod::queue
