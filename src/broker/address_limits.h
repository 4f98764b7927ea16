#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "broker/address_counts.h"
#include "net/options.h"
#include "net/socket_address.h"

namespace hermod::broker {

/// How many connections one address may have: on all listeners together, and on those that have a limit of
/// their own. Shared by all shards.
class AddressLimits {
 public:
  /// A listener's own limit.
  using Own = std::pair<const std::string, AddressCounts>;

  /// `of_all`: 0 = no limit.
  AddressLimits(std::uint32_t of_all, const std::vector<net::ListenerOptions>& listeners) : all_(of_all) {
    for (const net::ListenerOptions& listener : listeners)
      if (listener.max_connections_per_address > 0)
        own_.try_emplace(listener.name, listener.max_connections_per_address);
  }

  /// Null: it has none.
  Own* of_listener(const std::string& name) {
    const auto found = own_.find(name);
    return found == own_.end() ? nullptr : &*found;
  }
  bool is_limited(const Own* own) const { return own != nullptr || all_.is_limited(); }

  /// Counts one connection more. Not empty: it is not counted, because this key's limit is reached.
  std::string enter(const net::SocketAddress& address, Own* own) {
    if (all_.is_limited() && !all_.enter(address)) return "limits.max_connections_per_address";
    if (own == nullptr || own->second.enter(address)) return "";
    if (all_.is_limited()) all_.leave(address);
    return "listeners." + own->first + ".max_connections_per_address";
  }
  /// Precondition: enter() has counted it.
  void leave(const net::SocketAddress& address, Own* own) {
    if (all_.is_limited()) all_.leave(address);
    if (own != nullptr) own->second.leave(address);
  }

 private:
  AddressCounts all_;
  std::map<std::string, AddressCounts> own_;  ///< by listener
};

}  // namespace hermod::broker
