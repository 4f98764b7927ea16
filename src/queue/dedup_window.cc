#include "queue/dedup_window.h"

#include "base/assert.h"
#include "queue/text_key.h"

namespace hermod::queue {

DedupWindow::Look DedupWindow::look(std::string_view id, MonotonicTime now) const {
  const auto place = by_id_.find(text_key(id));
  if (place == by_id_.end()) return {};
  const Known& found = *known_.find(Seq{place->second});
  if (found.pending) return {Found::Pending, place->second};
  if (is_past(found, now)) return {};
  return {Found::Stored, place->second};
}

std::uint64_t DedupWindow::admit(std::string_view id, MonotonicTime now) {
  HERMOD_ASSERT(look(id, now).found == Found::Nothing);
  const std::uint64_t number = next_++;
  known_.insert(Seq{number}, {std::string(id), now});
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
  Known* found = known_.find(Seq{number});
  HERMOD_ASSERT(found != nullptr);
  return *found;
}

/// Null: there is none.
const DedupWindow::Known* DedupWindow::oldest() const {
  const auto first = known_.first();
  return first ? known_.find(*first) : nullptr;
}

void DedupWindow::on_stored(std::uint64_t number) {
  HERMOD_ASSERT(known(number).pending);
  known(number).pending = false;
}

void DedupWindow::on_failed(std::uint64_t number) {
  Known& failed = known(number);
  HERMOD_ASSERT(failed.pending);
  forget(failed.id, number);
  known_.erase(Seq{number});
}

void DedupWindow::restore(std::uint64_t number, std::string_view id, MonotonicTime admitted_at) {
  HERMOD_ASSERT(known_.empty() || number >= next_);
  known_.insert(Seq{number}, {.id = std::string(id), .admitted_at = admitted_at, .pending = false});
  next_ = number + 1;
  remember(id, number);
}

std::vector<std::uint64_t> DedupWindow::forget_old(MonotonicTime now, std::size_t most) {
  std::vector<std::uint64_t> numbers;
  for (auto first = known_.first(); first && numbers.size() < most; first = known_.first_from(*first)) {
    const Known& it = *known_.find(*first);
    if (it.pending) break;
    const bool is_early = !is_past(it, now);
    if (is_early && !is_beyond_bounds()) break;
    if (is_early) ++forgotten_early_;
    numbers.push_back(first->v);
    forget(it.id, first->v);
    known_.erase(*first);
  }
  return numbers;
}

std::optional<MonotonicTime> DedupWindow::next_end() const {
  const Known* first = oldest();
  if (first == nullptr || first->pending) return std::nullopt;
  return is_beyond_bounds() ? first->admitted_at : first->admitted_at + window_;
}

}  // namespace hermod::queue
