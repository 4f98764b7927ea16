#pragma once
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "net/caller.h"
#include "net/options.h"
#include "net/place.h"
#include "net/proxy_header.h"
#include "net/websocket_request.h"

namespace hermod::net {

class TlsServer;
class UserNames;

/// One listener as its shards share it: its rules, and how many connections it has. Owned by the broker;
/// outlives every transport. Any thread.
class Entrance {
 public:
  /// `tls`: null for a listener without. `users`: null unless the names of its users are asked for. Both
  /// outlive it. `websocket`: none for a listener without.
  explicit Entrance(ListenerOptions options, TlsServer* tls = nullptr, const UserNames* users = nullptr,
                    std::optional<WebSocketRules> websocket = {});
  Entrance(const Entrance&) = delete;
  Entrance& operator=(const Entrance&) = delete;

  const ListenerOptions& options() const { return options_; }
  const std::string& name() const { return options_.name; }
  TlsServer* tls() const { return tls_; }
  const WebSocketRules* websocket() const { return websocket_ ? &*websocket_ : nullptr; }

  /// Nothing while max_connections is reached.
  std::optional<Place> enter() { return Place::take(connections_, options_.max_connections); }
  /// Whether a PROXY header from there is believed.
  bool is_proxy(const SocketAddress& address) const;

  /// The client that a proxy has spoken for; `path` is that of our socket when the proxy came by a Unix
  /// socket, and empty else. Errors: Invalid when the client's name is asked for and is no name.
  Result<Caller> introduce(const ProxyHeader& header, const SocketAddress& proxy,
                           const std::string& path) const;
  /// The client at the other end of a connected Unix socket; `path` is ours. Errors: Invalid when its user is
  /// asked for and has no name.
  Result<Caller> introduce(int socket, const std::string& path) const;

 private:
  const ListenerOptions options_;
  TlsServer* const tls_;
  const UserNames* const users_;
  const std::optional<WebSocketRules> websocket_;
  std::atomic<std::uint32_t> connections_{0};
};

}  // namespace hermod::net
