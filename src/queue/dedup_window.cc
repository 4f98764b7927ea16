#include "queue/dedup_window.h"

#include "base/assert.h"
#include "queue/text_key.h"

namespace hermod::queue {

DedupWindow::Look DedupWindow::look(std::string_view id, MonotonicTime now) const {
  const auto place = by_id_.find(text_key(id));
  if (place == by_id_.end()) return {};
  const Known& found = known_[place->second - first_];
  if (found.pending) return {Found::Pending, place->second};
  if (is_past(found, now)) return {};
  return {Found::Stored, place->second};
}

std::uint64_t DedupWindow::admit(std::string_view id, MonotonicTime now) {
  HERMOD_ASSERT(look(id, now).found == Found::Nothing);
  const std::uint64_t number = first_ + known_.size();
  known_.push_back({std::string(id), now});
  remember(id, number);
  return number;
}

/// What it was before is past.
void DedupWindow::remember(std::string_view id, std::uint64_t number) {
  if (by_id_.insert_or_assign(std::string(id), number).second) bytes_ += id.size();
}

/// Unless a later message has come with it.
void DedupWindow::forget(const std::string& id, std::uint64_t number) {
  const auto place = by_id_.find(id);
  if (place == by_id_.end() || place->second != number) return;
  bytes_ -= id.size();
  by_id_.erase(place);
}

DedupWindow::Known& DedupWindow::known(std::uint64_t number) {
  HERMOD_ASSERT(number >= first_ && number - first_ < known_.size());
  return known_[number - first_];
}

void DedupWindow::on_stored(std::uint64_t number) {
  HERMOD_ASSERT(known(number).pending);
  known(number).pending = false;
}

void DedupWindow::on_failed(std::uint64_t number) {
  Known& failed = known(number);
  HERMOD_ASSERT(failed.pending);
  failed.pending = false;
  failed.failed = true;
  forget(failed.id, number);
}

void DedupWindow::restore(std::uint64_t number, std::string_view id, MonotonicTime admitted_at) {
  if (known_.empty()) first_ = number;
  HERMOD_ASSERT(number >= first_ + known_.size());
  while (first_ + known_.size() < number)
    known_.push_back({.id = {}, .admitted_at = admitted_at, .pending = false, .failed = true});
  known_.push_back({.id = std::string(id), .admitted_at = admitted_at, .pending = false});
  remember(id, number);
}

std::vector<std::uint64_t> DedupWindow::forget_old(MonotonicTime now, std::size_t most) {
  std::vector<std::uint64_t> numbers;
  while (numbers.size() < most && !known_.empty() && !known_.front().pending) {
    const Known& oldest = known_.front();
    const bool is_early = !oldest.failed && !is_past(oldest, now);
    if (is_early && !is_beyond_bounds()) break;
    if (is_early) ++forgotten_early_;
    if (!oldest.failed) {
      numbers.push_back(first_);
      forget(oldest.id, first_);
    }
    known_.pop_front();
    ++first_;
  }
  return numbers;
}

std::optional<MonotonicTime> DedupWindow::next_end() const {
  if (known_.empty() || known_.front().pending) return std::nullopt;
  if (is_beyond_bounds()) return known_.front().admitted_at;
  return known_.front().admitted_at + window_;
}

}  // namespace hermod::queue
