#include "queue/queue_window.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace hermod::queue {

Seq QueueWindow::push(Delivery delivery) {
  HERMOD_ASSERT(!behind_ && limit_.messages == kNoLimit);
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

void QueueWindow::pass_over(Seq first, std::uint32_t count) {
  if (first != next_) {
    for (std::uint32_t i = 0; i < count; ++i) skip(Seq{first.v + i});
    return;
  }
  next_ = Seq{first.v + count};
  if (early_) add_early();
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

void QueueWindow::restore_stored(Seq from, Seq last, const Amount& amount, WallTime first_expiry) {
  HERMOD_ASSERT(from >= next_ && last >= from && !behind_ && !early_);
  behind_ = std::make_unique<Behind>();
  behind_->from = from;
  behind_->first_expiry = first_expiry;
  behind_->amount = amount;
  next_ = Seq{last.v + 1};
  count_ += amount.messages;
  bytes_ += amount.bytes;
}

void QueueWindow::add_visible(Seq seq, Delivery delivery, Entry::Phase phase) {
  next_ = Seq{seq.v + 1};
  if (phase == Entry::Phase::Gone) {
    if (behind_) return;
    entries_.push_back({seq, std::move(delivery), phase});
    return trim();
  }
  const std::uint64_t size = delivery.message->size();
  ++count_;
  bytes_ += size;
  if (behind_ || !has_room(loaded_, size)) return leave_to_store(seq, std::move(delivery), size);
  keep_waiting(seq, std::move(delivery));
}

void QueueWindow::keep_waiting(Seq seq, Delivery delivery) {
  ++loaded_.messages;
  loaded_.bytes += delivery.message->size();
  entries_.push_back({seq, std::move(delivery), Entry::Phase::Waiting});
}

void QueueWindow::leave_to_store(Seq seq, Delivery delivery, std::uint64_t size) {
  if (!behind_) {
    behind_ = std::make_unique<Behind>();
    behind_->from = seq;
    behind_->first_expiry = delivery.message->expires_at();
  }
  ++behind_->amount.messages;
  behind_->amount.bytes += size;
  if (!behind_->keeps_tail) return;
  if (!has_room({behind_->tail.size(), behind_->tail_bytes}, size)) return behind_->drop_tail();
  behind_->tail_bytes += size;
  behind_->tail.push_back({seq, std::move(delivery), Entry::Phase::Waiting});
}

/// One entry always has, unless there is no room at all: else a large one would never be loaded.
bool QueueWindow::has_room(const Amount& held, std::uint64_t size) const {
  if (held.messages >= limit_.messages) return false;
  return held.messages == 0 || limit_.bytes - std::min(limit_.bytes, held.bytes) >= size;
}

void QueueWindow::Behind::drop_tail() {
  keeps_tail = false;
  std::vector<Entry>().swap(tail);
  tail_bytes = 0;
}

void QueueWindow::set_limit(const Amount& limit) {
  limit_ = limit;
  if (limit_.messages == kNoLimit && limit_.bytes == kNoLimit) return;
  Amount kept;
  std::size_t end = cursor_;
  for (; end < entries_.size(); ++end) {
    if (entries_[end].phase == Entry::Phase::Gone) continue;
    const std::uint64_t size = entries_[end].delivery.message->size();
    if (!has_room(kept, size)) break;
    ++kept.messages;
    kept.bytes += size;
  }
  if (end == entries_.size()) return;
  if (!behind_) behind_ = std::make_unique<Behind>();
  behind_->from = entries_[end].seq;
  behind_->first_expiry = entries_[end].delivery.message->expires_at();
  behind_->amount.messages += loaded_.messages - kept.messages;
  behind_->amount.bytes += loaded_.bytes - kept.bytes;
  loaded_ = kept;
  // The store may not have heard yet that these are gone.
  for (std::size_t i = end; i < entries_.size(); ++i)
    if (entries_[i].phase == Entry::Phase::Gone) behind_->erased.insert(entries_[i].seq);
  entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(end), entries_.end());
  entries_.shrink_to_fit();
  // A page on its way begins behind what has just left.
  if (behind_->reading) behind_->stale = true;
  behind_->drop_tail();
  trim();
}

Seq QueueWindow::begin_page() {
  HERMOD_ASSERT(behind_ && !behind_->reading);
  behind_->reading = true;
  behind_->keeps_tail = true;
  behind_->asked_at = next_;
  return behind_->from;
}

void QueueWindow::begin_look() {
  HERMOD_ASSERT(behind_ && !behind_->reading);
  behind_->reading = true;
}

Amount QueueWindow::load(std::span<Entry> page, Seq end_of_page, bool to_end) {
  HERMOD_ASSERT(behind_ && behind_->reading);
  if (behind_->stale) {
    cancel_page();
    return {};
  }
  behind_->reading = false;
  const bool joins_tail = to_end && behind_->keeps_tail;
  Seq end = to_end ? std::max(end_of_page, behind_->asked_at) : end_of_page;
  // What was committed and is not offered yet will be.
  end = std::min(end, joins_tail ? behind_->asked_at : next_);
  for (Entry& entry : page) {
    if (entry.seq < behind_->from || entry.seq >= end) continue;
    if (behind_->erased.contains(entry.seq)) {
      entries_.push_back(
          {entry.seq, {}, Entry::Phase::Gone});  // remembered in case it is left to the store again
      continue;
    }
    const std::uint64_t size = entry.delivery.message->size();
    HERMOD_ASSERT(behind_->amount.messages > 0 && behind_->amount.bytes >= size);
    --behind_->amount.messages;
    behind_->amount.bytes -= size;
    keep_waiting(entry.seq, std::move(entry.delivery));
  }
  if (joins_tail) {
    end = next_;
    behind_->amount.messages -= behind_->tail.size();
    behind_->amount.bytes -= behind_->tail_bytes;
    for (Entry& entry : behind_->tail) keep_waiting(entry.seq, std::move(entry.delivery));
  }
  behind_->drop_tail();
  if (behind_->from < end) {
    behind_->from = end;
    behind_->first_expiry = Message::kNever;
  }
  behind_->erased.erase(behind_->erased.begin(), behind_->erased.lower_bound(behind_->from));
  trim();
  if (behind_->from < next_) return {};
  const Amount missing = behind_->amount;
  behind_.reset();
  count_ -= missing.messages;
  bytes_ -= missing.bytes;
  return missing;
}

void QueueWindow::cancel_page() {
  HERMOD_ASSERT(behind_ && behind_->reading);
  behind_->reading = false;
  behind_->stale = false;
  behind_->drop_tail();
}

bool QueueWindow::holds_stored(Seq seq) const {
  return behind_ && seq >= behind_->from && seq < next_ && !behind_->erased.contains(seq);
}

void QueueWindow::erase_stored(Seq seq, std::uint64_t bytes) {
  HERMOD_ASSERT(holds_stored(seq) && behind_->amount.messages > 0 && behind_->amount.bytes >= bytes);
  behind_->erased.insert(seq);
  if (seq == behind_->from) behind_->first_expiry = Message::kNever;
  --behind_->amount.messages;
  behind_->amount.bytes -= bytes;
  --count_;
  bytes_ -= bytes;
}

void QueueWindow::on_erased(Seq seq) {
  // A page that is being read may be older.
  if (behind_ && !behind_->reading) behind_->erased.erase(seq);
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
  return loaded_.messages > 0 ? &entries_[cursor_] : nullptr;
}

WallTime QueueWindow::first_expiry() const {
  if (loaded_.messages > 0) return entries_[cursor_].delivery.message->expires_at();
  return behind_ ? behind_->first_expiry : Message::kNever;
}

Seq QueueWindow::first_waiting() const {
  if (loaded_.messages > 0) return entries_[cursor_].seq;
  return behind_ ? behind_->from : next_;
}

void QueueWindow::mark_sent(Seq seq) {
  Entry& entry = entries_[cursor_];
  HERMOD_ASSERT(loaded_.messages > 0 && entry.seq == seq && entry.phase == Entry::Phase::Waiting);
  entry.phase = Entry::Phase::Sent;
  --loaded_.messages;
  loaded_.bytes -= entry.delivery.message->size();
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
  if (loaded_.messages == 0) return {};
  seq = entries_[cursor_].seq;
  MessagePtr dropped = entries_[cursor_].delivery.message;
  forget(cursor_);
  trim();
  return dropped;
}

void QueueWindow::forget(std::size_t index) {
  Entry& entry = entries_[index];
  const std::uint64_t size = entry.delivery.message->size();
  if (entry.phase == Entry::Phase::Waiting) {
    --loaded_.messages;
    loaded_.bytes -= size;
  }
  --count_;
  bytes_ -= size;
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
