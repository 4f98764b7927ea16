#include "base/buffer.h"

#include <sys/uio.h>

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace hermod {

namespace {
constexpr std::size_t kFirstChunk = 1024;
constexpr std::size_t kLargestChunk = 64 * 1024;
}  // namespace

void ReadBuffer::show(Bytes arrived) {
  if (owned_.empty()) {
    view_ = arrived;
    return;
  }
  owned_.erase(owned_.begin(), owned_.begin() + (view_.data() - owned_.data()));
  owned_.insert(owned_.end(), arrived.begin(), arrived.end());
  view_ = owned_;
}

void ReadBuffer::keep_rest() {
  if (view_.empty()) {
    if (!owned_.empty()) std::vector<std::uint8_t>().swap(owned_);
    view_ = {};
    return;
  }
  if (owned_.empty()) {
    owned_.assign(view_.begin(), view_.end());
    view_ = owned_;
  }
}

std::uint8_t* WriteQueue::extend(std::size_t size) {
  if (head_ == pieces_.size() || !pieces_.back().owned || pieces_.back().room - pieces_.back().end < size) {
    const std::size_t front = empty() ? front_room_ : 0;
    std::size_t room = kFirstChunk;
    if (head_ < pieces_.size() && pieces_.back().owned)
      room = std::min(pieces_.back().room * 4, kLargestChunk);
    room = std::max(room, front + size);
    Piece piece;
    piece.begin = piece.end = front;
    piece.owned = std::make_unique_for_overwrite<std::uint8_t[]>(room);
    piece.room = room;
    pieces_.push_back(std::move(piece));
  }
  Piece& last = pieces_.back();
  std::uint8_t* out = last.owned.get() + last.end;
  last.end += size;
  size_ += size;
  return out;
}

void WriteQueue::append(Bytes bytes) {
  if (!bytes.empty()) std::memcpy(extend(bytes.size()), bytes.data(), bytes.size());
}

void WriteQueue::append_shared(SharedBytes bytes) {
  if (bytes.size() == 0) return;
  Piece piece;
  piece.end = bytes.size();
  piece.shared = std::move(bytes);
  size_ += piece.end;
  pieces_.push_back(std::move(piece));
}

void WriteQueue::take_all(WriteQueue& other) {
  if (other.empty()) return;
  if (empty()) {
    pieces_.swap(other.pieces_);
    size_ = other.size_;
    head_ = other.head_;
  } else {
    // Else a few bytes each time would hold a chunk each time.
    const bool is_small = other.size_ <= kFirstChunk;
    std::uint8_t* room = is_small ? extend(other.size_) : nullptr;
    for (std::size_t i = other.head_; i < other.pieces_.size(); ++i) {
      Piece& piece = other.pieces_[i];
      const std::size_t size = piece.end - piece.begin;
      if (is_small) {
        std::memcpy(room, piece.data() + piece.begin, size);
        room += size;
      } else {
        size_ += size;
        pieces_.push_back(std::move(piece));
      }
    }
  }
  other.clear();
}

void WriteQueue::take_some(WriteQueue& other, std::size_t most) {
  bool has_some = false;
  while (!other.empty()) {
    Piece& first = other.pieces_[other.head_];
    const std::size_t size = first.end - first.begin;
    if (size <= most) {
      has_some = true;
      most -= size;
      size_ += size;
      pieces_.push_back(std::exchange(first, {}));
      other.size_ -= size;
      ++other.head_;
      if (other.empty()) other.clear();
      continue;
    }
    if (has_some) return;
    if (first.owned) {
      append({first.data() + first.begin, most});
    } else {
      Piece part;
      part.shared = first.shared;
      part.begin = first.begin;
      part.end = first.begin + most;
      size_ += most;
      pieces_.push_back(std::move(part));
    }
    return other.consume(most);
  }
}

void WriteQueue::prepend(Bytes bytes) {
  const bool has_room = !empty() && pieces_[head_].owned != nullptr && pieces_[head_].begin >= bytes.size();
  if (!has_room) {
    Piece piece;
    piece.owned = std::make_unique_for_overwrite<std::uint8_t[]>(bytes.size());
    piece.room = piece.begin = piece.end = bytes.size();
    pieces_.insert(pieces_.begin() + static_cast<std::ptrdiff_t>(head_), std::move(piece));
  }
  Piece& first = pieces_[head_];
  first.begin -= bytes.size();
  std::memcpy(first.owned.get() + first.begin, bytes.data(), bytes.size());
  size_ += bytes.size();
}

std::size_t WriteQueue::gather(iovec* out, std::size_t max) const {
  std::size_t count = 0;
  for (std::size_t i = head_; i < pieces_.size() && count < max; ++i) {
    const Piece& piece = pieces_[i];
    out[count].iov_base = const_cast<std::uint8_t*>(piece.data() + piece.begin);
    out[count].iov_len = piece.end - piece.begin;
    ++count;
  }
  return count;
}

void WriteQueue::consume(std::size_t size) {
  HERMOD_ASSERT(size <= size_);
  size_ -= size;
  while (size > 0) {
    Piece& piece = pieces_[head_];
    const std::size_t taken = std::min(size, piece.end - piece.begin);
    piece.begin += taken;
    size -= taken;
    if (piece.begin == piece.end) {
      piece = Piece{};
      ++head_;
    }
  }
  if (size_ == 0) {
    clear();
  } else if (head_ > 64 && head_ * 2 > pieces_.size()) {
    pieces_.erase(pieces_.begin(), pieces_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
  }
}

void WriteQueue::clear() {
  size_ = 0;
  head_ = 0;
  std::vector<Piece>().swap(pieces_);
}

}  // namespace hermod
