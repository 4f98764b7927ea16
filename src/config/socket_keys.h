#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "config/key.h"
#include "net/options.h"

namespace hermod::config {

/// One key of a listener that is about its sockets, WebSocket, and who may connect. The list is static and
/// never changes. A change needs a restart.
struct SocketKey {
  enum class Where { Everywhere, Ip, Unix, WebSocket };

  Key key;  ///< its name is the last word: "backlog" of listeners.NAME.backlog
  Where where = Where::Everywhere;
  Value (*read)(const net::ListenerOptions&) = nullptr;
  void (*write)(net::ListenerOptions&, const Value&) = nullptr;
  bool follows_net = false;  ///< when it is not written it is what [net] says

  bool is_for(const net::ListenerOptions& listener) const;
};

/// Every such key, in the order of the reference.
const std::vector<SocketKey>& socket_keys();
const SocketKey* find_socket_key(std::string_view name);

/// What is wrong with the addresses of a listener, who may connect, and the names of its users where it has
/// no TLS; empty: nothing. `written` are the keys of the list above that somebody set.
std::string socket_fault(const net::ListenerOptions& listener, const std::vector<std::string>& written);

}  // namespace hermod::config
