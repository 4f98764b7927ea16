#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "client/failure.h"

namespace hermod::client {

/// mqtt://[username[:password]@]host[:port]/topic, or with mqtts://
struct Url {
  std::optional<std::string> username;
  std::optional<std::string> password;
  std::string host;
  std::uint16_t port = 1883;  ///< 8883 for mqtts
  bool is_tls = false;
  std::string topic;
};

/// Username and password may have %XX escapes; the host may be an IPv6 address in brackets.
Outcome<Url> parse_url(const std::string& text);

}  // namespace hermod::client
