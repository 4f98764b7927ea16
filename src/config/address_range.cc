#include "config/address_range.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "base/units.h"

namespace hermod::config {
namespace {

constexpr std::uint8_t kMappedBits = 96;
constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

bool is_ipv4(const net::AddressRange& range) {
  return range.bits >= kMappedBits && std::equal(kMapped.begin(), kMapped.end(), range.first.begin());
}

/// Sets every bit behind the first `bits` to zero.
net::AddressRange cut(net::AddressRange range) {
  for (unsigned bit = range.bits; bit < 128; ++bit)
    range.first.at(bit / 8) = static_cast<std::uint8_t>(range.first.at(bit / 8) & ~(0x80U >> bit % 8));
  return range;
}

}  // namespace

Result<net::AddressRange> parse_address_range(std::string_view text) {
  const auto refuse = [&](std::string_view why) {
    return failure(Errc::Invalid, "'" + std::string(text) + "': " + std::string(why));
  };
  const std::size_t slash = text.find('/');
  const std::string host(text.substr(0, slash));
  net::AddressRange out;
  std::copy(kMapped.begin(), kMapped.end(), out.first.begin());
  const bool ipv4 = inet_pton(AF_INET, host.c_str(), &out.first[kMapped.size()]) == 1;
  if (!ipv4 && inet_pton(AF_INET6, host.c_str(), out.first.data()) != 1)
    return refuse(
        "an address such as 192.0.2.7, or a network such as 10.0.0.0/8 or 2001:db8::/32, is expected");
  if (slash == std::string_view::npos) return out;
  const std::int64_t most = ipv4 ? 32 : 128;
  const Result<std::int64_t> bits = parse_integer(text.substr(slash + 1));
  if (!bits || *bits < 0 || *bits > most)
    return refuse("behind the / stands a number from 0 to " + std::to_string(most));
  out.bits = static_cast<std::uint8_t>(*bits + (ipv4 ? kMappedBits : 0));
  if (cut(out) != out) return refuse("this network begins at " + range_text(cut(out)));
  return out;
}

std::string range_text(const net::AddressRange& range) {
  std::array<char, INET6_ADDRSTRLEN> host{};
  const bool ipv4 = is_ipv4(range);
  inet_ntop(ipv4 ? AF_INET : AF_INET6, ipv4 ? &range.first[kMapped.size()] : range.first.data(), host.data(),
            host.size());
  std::string out = host.data();
  if (range.bits < 128) out += "/" + std::to_string(range.bits - (ipv4 ? kMappedBits : 0));
  return out;
}

}  // namespace hermod::config
