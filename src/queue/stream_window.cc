#include "queue/stream_window.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace hermod::queue {

void StreamWindow::begin(const StreamPosition& position) {
  entries_.clear();
  held_ = {};
  wanted_ = position.next;
  not_before_ = position.not_before;
  is_reading_ = false;
  drop_tail();
}

StreamPosition StreamWindow::position() const {
  return {entries_.empty() ? wanted_ : entries_.front().seq, not_before_};
}

/// While half of what may be here is still there, there is time.
bool StreamWindow::should_read(Seq end) const {
  if (is_reading_ || wanted_ >= end) return false;
  return held_.messages * 2 <= limit_.messages && held_.bytes * 2 <= limit_.bytes;
}

Seq StreamWindow::begin_page() {
  HERMOD_ASSERT(!is_reading_);
  is_reading_ = true;
  asked_from_ = wanted_;
  drop_tail();
  keeps_tail_ = true;
  return wanted_;
}

std::uint64_t StreamWindow::load(std::span<StreamEntry> page, Seq to, Seq end, Seq holes_from) {
  HERMOD_ASSERT(is_reading_);
  is_reading_ = false;
  std::uint64_t missing = 0;
  for (StreamEntry& entry : page) {
    if (entry.seq < wanted_) continue;
    missing += lost_up_to(entry.seq, holes_from);
    add(std::move(entry));
  }
  const Seq behind = std::max(to, end);
  if (behind > wanted_) {
    missing += lost_up_to(behind, holes_from);
    wanted_ = behind;
  }
  join_tail();
  return missing;
}

void StreamWindow::fail_page() {
  is_reading_ = false;
  drop_tail();
}

std::uint64_t StreamWindow::begin_at_least(Seq first, Seq holes_from) {
  if (wanted_ >= first || is_reading_) return 0;
  const std::uint64_t lost = lost_up_to(first, holes_from);
  wanted_ = first;
  return lost;
}

/// When this is what comes next.
std::uint64_t StreamWindow::lost_up_to(Seq up_to, Seq holes_from) const {
  const Seq lost_to = std::min(up_to, holes_from);
  return lost_to > wanted_ ? lost_to.v - wanted_.v : 0;
}

void StreamWindow::offer(std::span<const StreamEntry> fresh) {
  for (const StreamEntry& entry : fresh) {
    if (is_reading_) {
      if (!keeps_tail_) return;
      const bool is_next = tail_.empty() || tail_.back().seq.v + 1 == entry.seq.v;
      if (!is_next || tail_.size() >= limit_.messages || tail_bytes_ >= limit_.bytes) return drop_tail();
      tail_bytes_ += entry.message->size();
      tail_.push_back(entry);
      continue;
    }
    if (entry.seq < wanted_) continue;
    if (entry.seq > wanted_ || !has_room()) return;
    add(entry);
  }
}

void StreamWindow::pop() {
  take_from(held_, entries_.front().message->size());
  entries_.pop_front();
}

void StreamWindow::add(StreamEntry entry) {
  wanted_ = Seq{entry.seq.v + 1};
  if (entry.message->stored_at() < not_before_) return;
  not_before_ = {};
  add_to(held_, entry.message->size());
  entries_.push_back(std::move(entry));
}

/// The page may have had a part of it.
void StreamWindow::join_tail() {
  for (StreamEntry& entry : tail_) {
    if (entry.seq < wanted_) continue;
    if (entry.seq > wanted_ || !has_room()) break;
    add(std::move(entry));
  }
  drop_tail();
}

void StreamWindow::drop_tail() {
  tail_.clear();
  tail_bytes_ = 0;
  keeps_tail_ = false;
}

}  // namespace hermod::queue
