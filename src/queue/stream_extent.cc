#include "queue/stream_extent.h"

#include <algorithm>

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

bool StreamExtent::is_full(const Block& block) const {
  if (block.amount.messages >= kMostInBlock) return true;
  if (most_count_ && block.amount.messages * kParts >= *most_count_) return true;
  if (most_bytes_ && block.amount.bytes * kParts >= *most_bytes_) return true;
  return most_time_ && (block.newest - block.oldest) * kParts >= *most_time_;
}

void StreamExtent::append(Seq seq, std::size_t size, WallTime stored_at) {
  const std::lock_guard lock(mutex_);
  HERMOD_ASSERT(seq >= next_);
  newest_ = std::max(newest_, stored_at);
  if (!is_open_) blocks_.push_back({.first = seq, .amount = {}, .oldest = newest_, .newest = newest_});
  Block& block = blocks_.back();
  add_to(block.amount, size);
  add_to(held_, size);
  block.newest = newest_;
  next_ = Seq{seq.v + 1};
  is_open_ = !is_full(block);
}

bool StreamExtent::restore(Seq seq, std::size_t size) {
  const std::lock_guard lock(mutex_);
  HERMOD_ASSERT(seq >= next_);
  if (!is_open_) blocks_.push_back({.first = seq, .amount = {}});
  Block& block = blocks_.back();
  add_to(block.amount, size);
  add_to(held_, size);
  next_ = Seq{seq.v + 1};
  is_open_ = !is_full(block);
  return !is_open_;
}

void StreamExtent::set_newest(WallTime newest) {
  const std::lock_guard lock(mutex_);
  if (blocks_.empty()) return;
  newest_ = std::max(newest_, newest);
  // How old its first one is nobody asks any more; an open one counts its age from now on.
  blocks_.back().oldest = newest_;
  blocks_.back().newest = newest_;
}

void StreamExtent::restore_mark(Seq seq) {
  const std::lock_guard lock(mutex_);
  HERMOD_ASSERT(seq >= next_ && blocks_.empty());
  mark_ = mark_ ? std::min(*mark_, seq) : seq;
  next_ = Seq{seq.v + 1};
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
  while (!blocks_.empty() && must_leave(blocks_.front(), now)) {
    const Block& block = blocks_.front();
    if (leaving && leaving->entries + block.amount.messages > most) break;
    if (!leaving) leaving = Leaving{.from = mark_.value_or(block.first), .to = block.first};
    leaving->entries += block.amount.messages;
    held_.messages -= block.amount.messages;
    held_.bytes -= block.amount.bytes;
    blocks_.pop_front();
    leaving->to = blocks_.empty() ? next_ : blocks_.front().first;
  }
  if (!leaving) return std::nullopt;
  if (blocks_.empty()) is_open_ = false;
  leaving->leaves_mark = blocks_.empty();
  mark_.reset();
  if (leaving->leaves_mark) mark_ = Seq{next_.v - 1};
  return leaving;
}

std::optional<WallTime> StreamExtent::next_due() const {
  const std::lock_guard lock(mutex_);
  if (blocks_.empty() || !most_time_) return std::nullopt;
  return blocks_.front().newest + *most_time_;
}

}  // namespace hermod::queue
