#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hermod::net {

/// The proxies that are believed when they say for whom they connect (X-Forwarded-For). A pure value, made
/// once.
class ProxyList {
 public:
  /// Elements: addresses, 192.0.2.7 and 2001:db8::7, and networks, 10.0.0.0/8. Errors: Invalid.
  static Result<ProxyList> from(const std::vector<std::string>& elements);

  /// The client's address in its usual form. `peer` is the address that connected, `forwarded` what the
  /// X-Forwarded-For headers list, nearest last. Empty: `peer` is the client, because it is no proxy of ours
  /// or does not name anybody. Of what was listed, only what trusted proxies wrote counts.
  std::string client_behind(std::string_view peer, std::string_view forwarded) const;

 private:
  using Raw = std::array<std::uint8_t, 16>;  ///< IPv4 as IPv4-mapped IPv6
  struct Network {
    Raw address{};
    unsigned bits = 128;
  };
  static std::optional<Raw> parse(std::string_view address);
  /// As proxies write it: "192.0.2.7", "192.0.2.7:1234", "[2001:db8::7]:1234".
  static std::optional<Raw> parse_entry(std::string_view entry);
  static std::string text(const Raw& address);
  bool has(const Raw& address) const;

  std::vector<Network> networks_;
};

}  // namespace hermod::net
