#pragma once
#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <mutex>

#include "net/socket_address.h"

namespace hermod::broker {

/// How many connections each address has, for limits.max_connections_per_address: one of IPv4, or a network
/// of 64 bits of IPv6, of which one customer has all addresses. Shared by all shards and locked, because the
/// kernel spreads one address over them; used only while the limit is set.
class AddressCounts {
 public:
  /// 0 = no limit.
  explicit AddressCounts(std::uint32_t limit) : limit_(limit) {}

  bool is_limited() const { return limit_ > 0; }

  /// Counts one connection more; false when the address has its share already.
  bool enter(const net::SocketAddress& address) {
    std::lock_guard lock(mutex_);
    std::uint32_t& count = counts_[address.network()];
    if (count >= limit_) return false;
    ++count;
    return true;
  }
  /// Precondition: enter() returned true for it.
  void leave(const net::SocketAddress& address) {
    std::lock_guard lock(mutex_);
    auto found = counts_.find(address.network());
    if (--found->second == 0) counts_.erase(found);
  }

 private:
  const std::uint32_t limit_;
  std::mutex mutex_;
  absl::flat_hash_map<std::uint64_t, std::uint32_t> counts_;  // by network
};

}  // namespace hermod::broker
