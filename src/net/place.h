#pragma once
#include <atomic>
#include <cstdint>
#include <optional>
#include <utility>

namespace hermod::net {

/// One of the connections that something shared by the shards may have at the same time; given back when it
/// is destroyed. Owned by its connection; the count outlives it.
class Place {
 public:
  Place() = default;
  Place(Place&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
  Place& operator=(Place&& other) noexcept {
    std::swap(count_, other.count_);
    return *this;
  }
  ~Place() {
    if (count_ != nullptr) count_->fetch_sub(1, std::memory_order_relaxed);
  }

  /// Nothing when `most` are taken; 0 = no limit. Any thread.
  static std::optional<Place> take(std::atomic<std::uint32_t>& count, std::uint32_t most) {
    Place place;
    place.count_ = &count;
    if (count.fetch_add(1, std::memory_order_relaxed) >= most && most != 0) return std::nullopt;
    return place;
  }

 private:
  std::atomic<std::uint32_t>* count_ = nullptr;
};

}  // namespace hermod::net
