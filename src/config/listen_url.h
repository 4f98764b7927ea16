#pragma once
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/options.h"

namespace hermod::config {

/// "mqtt://127.0.0.1:1883", "mqtt://[::1]:1883", "mqtt://localhost", "mqtt://*:1883" (every address). Without
/// a port: 1883. Errors: Unsupported for a scheme this version does not serve; Invalid, saying what is wrong.
Result<net::ListenAddress> parse_listen_url(std::string_view url);
/// The reverse of parse_listen_url(), always with a port.
std::string listen_url(const net::ListenAddress& address);
/// True when only this machine can reach the address.
bool is_loopback(const net::ListenAddress& address);

}  // namespace hermod::config
