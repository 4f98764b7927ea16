#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace hermod::store {

/// Items that are added behind, go at the front or all at once, and stay where they are meanwhile. Its memory
/// is kept and used again, where a std::deque takes and gives back a piece for every few items. Used by one
/// thread.
template <class T>
class ChunkedQueue {
 public:
  ChunkedQueue() = default;
  ChunkedQueue(ChunkedQueue&& other) noexcept { swap(other); }
  ChunkedQueue& operator=(ChunkedQueue&& other) noexcept {
    ChunkedQueue(std::move(other)).swap(*this);
    return *this;
  }

  std::size_t size() const { return size_; }
  T& operator[](std::size_t at) { return (*chunks_[(head_ + at) / kChunk])[(head_ + at) % kChunk]; }
  const T& operator[](std::size_t at) const {
    return (*chunks_[(head_ + at) / kChunk])[(head_ + at) % kChunk];
  }

  /// Adds one that is as T{} is.
  T& add() {
    if (head_ + size_ == chunks_.size() * kChunk) chunks_.push_back(std::make_unique<Chunk>());
    return (*this)[size_++];
  }
  /// Precondition: count <= size().
  void drop_front(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) (*this)[i] = T{};
    head_ += count;
    size_ -= count;
    const auto free = static_cast<std::ptrdiff_t>(head_ / kChunk);
    std::rotate(chunks_.begin(), chunks_.begin() + free, chunks_.end());
    head_ = size_ == 0 ? 0 : head_ % kChunk;
  }
  void clear() { drop_front(size_); }

 private:
  static constexpr std::size_t kChunk = 128;
  using Chunk = std::array<T, kChunk>;

  void swap(ChunkedQueue& other) noexcept {
    chunks_.swap(other.chunks_);
    std::swap(head_, other.head_);
    std::swap(size_, other.size_);
  }

  std::vector<std::unique_ptr<Chunk>> chunks_;
  std::size_t head_ = 0;  // where the first one is, in the first chunk
  std::size_t size_ = 0;
};

}  // namespace hermod::store
