#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

namespace hermod {

/// A set of 16-bit ids that is nearly always empty or tiny (packet ids of one connection): a sorted vector.
/// Owns no memory while empty.
class SmallIdSet {
 public:
  bool contains(std::uint16_t id) const { return std::binary_search(ids_.begin(), ids_.end(), id); }
  std::size_t size() const { return ids_.size(); }
  bool empty() const { return ids_.empty(); }
  const std::vector<std::uint16_t>& ids() const { return ids_; }

  /// False when it was there already.
  bool insert(std::uint16_t id) {
    auto at = std::lower_bound(ids_.begin(), ids_.end(), id);
    if (at != ids_.end() && *at == id) return false;
    ids_.insert(at, id);
    return true;
  }
  /// False when it was not there.
  bool erase(std::uint16_t id) {
    auto at = std::lower_bound(ids_.begin(), ids_.end(), id);
    if (at == ids_.end() || *at != id) return false;
    ids_.erase(at);
    if (ids_.empty()) std::vector<std::uint16_t>().swap(ids_);
    return true;
  }
  void clear() { std::vector<std::uint16_t>().swap(ids_); }

 private:
  std::vector<std::uint16_t> ids_;
};

}  // namespace hermod
