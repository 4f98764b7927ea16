#include "queue/stream_extent.h"

#include <algorithm>
#include <iterator>

#include "base/assert.h"

namespace hermod::queue {
namespace {

constexpr std::uint64_t kMostInBlock = 256;
/// Blocks of which a retention is made at least.
constexpr std::uint64_t kParts = 16;

}  // namespace

void StreamExtent::set_retention(const QueueDefinition& definition) {
  const std::lock_guard lock(mutex_);
  most_time_ = definition.retention_time;
  most_bytes_ = definition.retention_bytes;
  most_count_ = definition.retention_count;
}

bool StreamExtent::is_large(const Amount& amount) const {
  if (amount.messages >= kMostInBlock) return true;
  if (most_count_ && amount.messages * kParts >= *most_count_) return true;
  return most_bytes_ && amount.bytes * kParts >= *most_bytes_;
}

bool StreamExtent::is_full(const Block& block) const {
  if (block.last.v - block.first.v + 1 >= kMostInBlock || is_large(block.amount)) return true;
  return most_time_ && (block.newest - block.oldest) * kParts >= *most_time_;
}

/// The last one, if it takes this, else a new one.
StreamExtent::Block& StreamExtent::block_for(Seq seq) {
  if (is_open_ && seq.v - blocks_.back().first.v < kMostInBlock) return blocks_.back();
  return blocks_.emplace_back(Block{.first = seq, .last = seq, .amount = {}});
}

void StreamExtent::append(Seq seq, std::size_t size, WallTime stored_at) {
  const std::lock_guard lock(mutex_);
  HERMOD_ASSERT(seq >= next_);
  newest_ = std::max(newest_, stored_at);
  Block& block = block_for(seq);
  if (block.amount.messages == 0) block.oldest = newest_;
  add_to(block.amount, size);
  add_to(held_, size);
  block.last = seq;
  block.newest = newest_;
  next_ = Seq{seq.v + 1};
  is_open_ = !is_full(block);
}

bool StreamExtent::restore(Seq seq, std::size_t size) {
  const std::lock_guard lock(mutex_);
  HERMOD_ASSERT(seq >= next_);
  if (!blocks_.empty() && seq > next_) has_holes_ = true;
  const bool may_be_retired = most_time_ || most_bytes_ || most_count_;
  if (blocks_.empty() && may_be_retired) retired_to_ = seq;
  Block& block = block_for(seq);
  add_to(block.amount, size);
  add_to(held_, size);
  add_to(untimed_, size);
  block.last = seq;
  next_ = Seq{seq.v + 1};
  const bool is_enough = is_large(untimed_);
  is_open_ = !is_enough && !is_full(block);
  return is_enough;
}

void StreamExtent::set_newest(WallTime newest) {
  const std::lock_guard lock(mutex_);
  newest_ = std::max(newest_, newest);
  // How old its first one is nobody asks any more; an open one counts its age from now on.
  for (; timed_ < blocks_.size(); ++timed_) blocks_[timed_].oldest = blocks_[timed_].newest = newest_;
  untimed_ = {};
}

void StreamExtent::restore_mark(Seq seq) {
  const std::lock_guard lock(mutex_);
  HERMOD_ASSERT(seq >= next_ && blocks_.empty());
  mark_ = mark_ ? std::min(*mark_, seq) : seq;
  next_ = retired_to_ = Seq{seq.v + 1};
}

bool StreamExtent::remove(Seq seq, std::size_t size) {
  const std::lock_guard lock(mutex_);
  HERMOD_ASSERT(seq.v + 1 < next_.v);
  const auto behind = std::upper_bound(blocks_.begin(), blocks_.end(), seq,
                                       [](Seq wanted, const Block& one) { return wanted < one.first; });
  if (behind == blocks_.begin()) return false;
  Block& block = *std::prev(behind);
  HERMOD_ASSERT(seq <= block.last && block.amount.messages > 0);
  take_from(block.amount, std::min<std::uint64_t>(size, block.amount.bytes));
  take_from(held_, std::min<std::uint64_t>(size, held_.bytes));
  has_holes_ = true;
  if (block.amount.messages == 0) {
    ++empty_;
    drop_empty();
  }
  return true;
}

/// In the middle of others not one by one, which would move all behind it.
void StreamExtent::drop_empty() {
  const auto is_empty = [](const Block& block) { return block.amount.messages == 0; };
  for (; !blocks_.empty() && is_empty(blocks_.front()); --empty_) blocks_.pop_front();
  if (empty_ * 2 <= blocks_.size()) return;
  std::erase_if(blocks_, is_empty);
  empty_ = 0;
}

Seq StreamExtent::first() const {
  const std::lock_guard lock(mutex_);
  return blocks_.empty() ? next_ : blocks_.front().first;
}

Seq StreamExtent::next() const {
  const std::lock_guard lock(mutex_);
  return next_;
}

Amount StreamExtent::held() const {
  const std::lock_guard lock(mutex_);
  return held_;
}

bool StreamExtent::has_holes() const {
  const std::lock_guard lock(mutex_);
  return has_holes_;
}

Seq StreamExtent::holes_from() const {
  const std::lock_guard lock(mutex_);
  return has_holes_ ? retired_to_ : Seq{~0ULL};
}

std::optional<WallTime> StreamExtent::oldest() const {
  const std::lock_guard lock(mutex_);
  if (blocks_.empty()) return std::nullopt;
  return blocks_.front().newest;
}

std::optional<WallTime> StreamExtent::time_of(Seq seq) const {
  const std::lock_guard lock(mutex_);
  if (blocks_.empty() || seq >= next_) return std::nullopt;
  // The last block that begins at or in front of it, else the first of all.
  auto block = std::upper_bound(blocks_.begin(), blocks_.end(), seq,
                                [](Seq wanted, const Block& one) { return wanted < one.first; });
  if (block != blocks_.begin()) --block;
  return block->oldest;
}

StreamPosition StreamExtent::position(const StreamStart& start) const {
  const std::lock_guard lock(mutex_);
  const Seq first = blocks_.empty() ? next_ : blocks_.front().first;
  switch (start.from) {
    case StreamStart::From::Latest:
      break;
    case StreamStart::From::Earliest:
      return {first, {}};
    case StreamStart::From::Offset:
      return {std::clamp(start.offset, first, next_), {}};
    case StreamStart::From::Time: {
      const auto block = std::lower_bound(blocks_.begin(), blocks_.end(), start.time,
                                          [](const Block& one, WallTime time) { return one.newest < time; });
      if (block == blocks_.end()) break;
      return {block->first, start.time};
    }
  }
  return {next_, {}};
}

bool StreamExtent::must_leave(const Block& block, WallTime now) const {
  if (most_count_ && held_.messages - block.amount.messages >= *most_count_) return true;
  if (most_bytes_ && held_.bytes - block.amount.bytes >= *most_bytes_) return true;
  return most_time_ && block.newest + *most_time_ <= now;
}

std::optional<StreamExtent::Leaving> StreamExtent::take_leaving(WallTime now, std::uint64_t most) {
  const std::lock_guard lock(mutex_);
  std::optional<Leaving> leaving;
  std::uint64_t sequences = 0;
  const auto add = [&](Seq from, Seq to) {
    if (!leaving) leaving = Leaving{.from = from, .to = to};
    auto& all = leaving->stretches;
    !all.empty() && all.back().to == from ? void(all.back().to = to) : all.push_back({from, to});
    sequences += to.v - from.v;
  };
  while (!blocks_.empty() && must_leave(blocks_.front(), now)) {
    const Block& block = blocks_.front();
    if (leaving && sequences + block.last.v - block.first.v + 1 > most) break;
    if (mark_) add(*mark_, Seq{mark_->v + 1});
    mark_.reset();
    add(block.first, Seq{block.last.v + 1});
    retired_to_ = Seq{block.last.v + 1};
    leaving->entries += block.amount.messages;
    held_.messages -= block.amount.messages;
    held_.bytes -= block.amount.bytes;
    blocks_.pop_front();
    drop_empty();
    leaving->to = blocks_.empty() ? next_ : blocks_.front().first;
  }
  if (!leaving) return std::nullopt;
  if (blocks_.empty()) is_open_ = false;
  leaving->leaves_mark = blocks_.empty();
  if (leaving->leaves_mark) mark_ = Seq{next_.v - 1};
  return leaving;
}

std::optional<WallTime> StreamExtent::next_due() const {
  const std::lock_guard lock(mutex_);
  if (blocks_.empty() || !most_time_) return std::nullopt;
  return blocks_.front().newest + *most_time_;
}

}  // namespace hermod::queue
