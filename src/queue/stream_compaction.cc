#include "queue/stream_compaction.h"

#include <algorithm>
#include <iterator>

#include "queue/text_key.h"

namespace hermod::queue {

void StreamCompaction::on_stored(Seq seq, std::string_view key, std::size_t size) {
  if (seq >= read_end_) add(seq, key, size);
}

std::optional<Seq> StreamCompaction::to_read() const {
  if (read_next_ >= read_end_) return std::nullopt;
  return read_next_;
}

void StreamCompaction::on_read(std::span<const StreamEntry> page, Seq to) {
  for (const StreamEntry& entry : page)
    if (entry.seq >= read_next_ && entry.seq < read_end_) add(entry.seq, entry.key, entry.message->size());
  read_next_ = std::max(read_next_, std::min(to, read_end_));
}

void StreamCompaction::add(Seq seq, std::string_view key, std::size_t size) {
  if (key.empty() || seq < first_) return;
  const auto found = keys_.find(text_key(key));
  if (found == keys_.end()) {
    auto& made = *keys_.emplace(std::string(key), Newest{seq, size}).first;
    by_seq_.emplace(seq, &made);
    return;
  }
  Newest& newest = found->second;
  if (seq < newest.seq) {
    older_.push_back({seq, size});
    return;
  }
  older_.push_back({newest.seq, newest.size});
  by_seq_.erase(newest.seq);
  by_seq_.emplace_hint(by_seq_.end(), seq, &*found);
  newest = {seq, size};
}

void StreamCompaction::retire(Seq first) {
  first_ = std::max(first_, first);
  read_next_ = std::max(read_next_, first);
  auto at = by_seq_.begin();
  for (; at != by_seq_.end() && at->first < first; ++at) keys_.erase(keys_.find(at->second->first));
  by_seq_.erase(by_seq_.begin(), at);
}

std::vector<StreamCompaction::Older> StreamCompaction::take_older(std::size_t most) {
  const auto end = older_.begin() + static_cast<std::ptrdiff_t>(std::min(most, older_.size()));
  std::vector<Older> taken(older_.begin(), end);
  older_.erase(older_.begin(), end);
  return taken;
}

}  // namespace hermod::queue
