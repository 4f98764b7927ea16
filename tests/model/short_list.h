#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "base/assert.h"

namespace hermod::model {

/// A list of at most `kRoom` small values inside the object: model states are copied millions of times.
template <class T, std::size_t kRoom = 12>
class ShortList {
 public:
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T* begin() { return items_.data(); }
  T* end() { return items_.data() + size_; }
  const T* begin() const { return items_.data(); }
  const T* end() const { return items_.data() + size_; }
  T& operator[](std::size_t at) { return items_[at]; }
  const T& operator[](std::size_t at) const { return items_[at]; }
  const T& front() const { return items_[0]; }
  void clear() { size_ = 0; }

  void push_back(const T& item) {
    HERMOD_ASSERT(size_ < kRoom);
    items_[size_++] = item;
  }
  void erase(T* item) {
    std::copy(item + 1, end(), item);
    --size_;
  }
  template <class Condition>
  void erase_if(Condition condition) {
    size_ = static_cast<std::uint8_t>(std::remove_if(begin(), end(), condition) - begin());
  }
  T take_front() {
    const T front = items_[0];
    erase(begin());
    return front;
  }
  bool contains(const T& item) const { return std::find(begin(), end(), item) != end(); }

 private:
  std::array<T, kRoom> items_{};
  std::uint8_t size_ = 0;
};

}  // namespace hermod::model
