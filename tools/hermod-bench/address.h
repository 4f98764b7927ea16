#pragma once
#include <sys/socket.h>

#include <string>

#include "base/result.h"

namespace hermod::bench {

/// Where the broker listens: resolved once, then copied into every connect().
struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  std::string text;
};

/// "host", "host:port", "[v6]:port" or "unix:/path". Invalid when it cannot be resolved.
Result<Address> resolve(const std::string& text, std::uint16_t default_port);

/// Lets this process hold `descriptors` files at once. Fails with the limit that stands in the way.
Status raise_descriptor_limit(std::size_t descriptors);

}  // namespace hermod::bench
