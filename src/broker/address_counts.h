#pragma once
#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <mutex>
#include <string>

namespace hermod::broker {

/// How many connections each address has, for limits.max_connections_per_address. Shared by all shards and
/// locked, because the kernel spreads one address over them; used only while the limit is set.
class AddressCounts {
 public:
  /// 0 = no limit.
  explicit AddressCounts(std::uint32_t limit) : limit_(limit) {}

  bool is_limited() const { return limit_ > 0; }

  /// Counts one connection more; false when the address has its share already.
  bool enter(const std::string& address) {
    std::lock_guard lock(mutex_);
    std::uint32_t& count = counts_[address];
    if (count >= limit_) return false;
    ++count;
    return true;
  }
  /// Precondition: enter() returned true for it.
  void leave(const std::string& address) {
    std::lock_guard lock(mutex_);
    auto found = counts_.find(address);
    if (--found->second == 0) counts_.erase(found);
  }

 private:
  const std::uint32_t limit_;
  std::mutex mutex_;
  absl::flat_hash_map<std::string, std::uint32_t> counts_;
};

}  // namespace hermod::broker
