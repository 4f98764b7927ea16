#pragma once
#include <absl/container/flat_hash_set.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace hermod::topic {

/// Owns objects found by their hash and a key. One big hash table stops its caller for a tenth of a second
/// when it grows past a million; here each of 64 slices grows by itself, so nobody waits long. Objects keep
/// their address. One thread at a time may change it.
///
/// `T` has `std::uint64_t hash` and `bool is(const Key&) const`; `Key` has `std::uint64_t hash`. The hash
/// must be well mixed in all its bits.
template <class T, class Key>
class SlicedSet {
 public:
  std::size_t size() const { return size_; }

  /// The object with this key, or null.
  T* find(const Key& key) const {
    const auto& slice = slices_[slice_of(key.hash)];
    const auto at = slice.find(key);
    return at == slice.end() ? nullptr : at->get();
  }

  /// Precondition: no object with the same key is in the set.
  T& insert(std::unique_ptr<T> object) {
    T& stored = *object;
    slices_[slice_of(stored.hash)].insert(std::move(object));
    ++size_;
    return stored;
  }

  /// Precondition: `object` is in the set. It is destroyed.
  void erase(const T& object) {
    auto& slice = slices_[slice_of(object.hash)];
    slice.erase(slice.find(&object));
    --size_;
  }

 private:
  static constexpr unsigned kSliceBits = 6;
  static std::size_t slice_of(std::uint64_t hash) { return hash >> (64 - kSliceBits); }

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(const std::unique_ptr<T>& object) const { return object->hash; }
    std::size_t operator()(const T* object) const { return object->hash; }
    std::size_t operator()(const Key& key) const { return key.hash; }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const std::unique_ptr<T>& a, const std::unique_ptr<T>& b) const { return a == b; }
    bool operator()(const std::unique_ptr<T>& a, const T* b) const { return a.get() == b; }
    bool operator()(const std::unique_ptr<T>& a, const Key& b) const { return a->hash == b.hash && a->is(b); }
  };

  std::array<absl::flat_hash_set<std::unique_ptr<T>, Hash, Equal>, std::size_t{1} << kSliceBits> slices_;
  std::size_t size_ = 0;
};

}  // namespace hermod::topic
