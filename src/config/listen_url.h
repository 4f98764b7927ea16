#pragma once
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/options.h"

namespace hermod::config {

/// A listener's url, taken apart.
struct ListenUrl {
  net::ListenAddress address{};
  bool is_tls = false;
  bool is_websocket = false;
  std::string path{};  ///< of a WebSocket, with its slash
  friend bool operator==(const ListenUrl&, const ListenUrl&) = default;
};

/// "mqtt://127.0.0.1:1883", "mqtts://[::1]:8883", "mqtt://localhost", "mqtt://*:1883" (every address),
/// "ws://127.0.0.1:8083/mqtt", "wss://*:8084", "unix:///run/hermod/hermod.sock". Without a port: 1883, 8883
/// for mqtts, 8083 for ws, 8084 for wss; without a path: /mqtt. Errors: Invalid, saying what is wrong.
Result<ListenUrl> parse_listen_url(std::string_view url);
/// The reverse of parse_listen_url(), always with a port where there can be one.
std::string listen_url(const ListenUrl& url);
/// True when only this machine can reach the address.
bool is_loopback(const net::ListenAddress& address);

}  // namespace hermod::config
