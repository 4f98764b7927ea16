#include "net/websocket_forwarded.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

namespace hermod::net {
namespace {

constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
constexpr unsigned kMappedBits = 96;

std::string_view without_blanks(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\"");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\"") - first + 1);
}

std::optional<unsigned> small_number(std::string_view text) {
  if (text.empty() || text.size() > 3) return std::nullopt;
  unsigned out = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    out = out * 10 + static_cast<unsigned>(c - '0');
  }
  return out;
}

}  // namespace

std::optional<ProxyList::Raw> ProxyList::parse(std::string_view address) {
  const std::string text(address);
  Raw raw{};
  if (inet_pton(AF_INET6, text.c_str(), raw.data()) == 1) return raw;
  if (inet_pton(AF_INET, text.c_str(), raw.data() + kMapped.size()) != 1) return std::nullopt;
  std::ranges::copy(kMapped, raw.begin());
  return raw;
}

std::optional<ProxyList::Raw> ProxyList::parse_entry(std::string_view entry) {
  if (entry.starts_with('[')) return parse(entry.substr(1, entry.find(']') - 1));
  const std::size_t colon = entry.find(':');
  const bool one_colon =
      colon != std::string_view::npos && entry.find(':', colon + 1) == std::string_view::npos;
  return parse(one_colon ? entry.substr(0, colon) : entry);
}

std::string ProxyList::text(const Raw& address) {
  std::array<char, INET6_ADDRSTRLEN> out{};
  if (std::equal(kMapped.begin(), kMapped.end(), address.begin())) {
    inet_ntop(AF_INET, address.data() + kMapped.size(), out.data(), out.size());
  } else {
    inet_ntop(AF_INET6, address.data(), out.data(), out.size());
  }
  return out.data();
}

Result<ProxyList> ProxyList::from(const std::vector<std::string>& elements) {
  ProxyList out;
  for (const std::string& element : elements) {
    const std::size_t slash = element.find('/');
    const auto address = parse(element.substr(0, slash));
    Network network;
    bool good = address.has_value();
    if (good) network.address = *address;
    if (good && slash != std::string::npos) {
      const bool is_ipv4 = element.find(':') == std::string::npos;
      const auto bits = small_number(std::string_view(element).substr(slash + 1));
      good = bits && *bits <= (is_ipv4 ? 32U : 128U);
      if (good) network.bits = *bits + (is_ipv4 ? kMappedBits : 0);
    }
    if (!good) {
      return failure(Errc::Invalid, "\"" + element +
                                        "\" is no address: one such as 192.0.2.7, 2001:db8::7 or 10.0.0.0/8 "
                                        "is expected");
    }
    out.networks_.push_back(network);
  }
  return out;
}

bool ProxyList::has(const Raw& address) const {
  return std::ranges::any_of(networks_, [&](const Network& one) {
    const std::size_t whole = one.bits / 8;
    if (!std::equal(address.begin(), address.begin() + whole, one.address.begin())) return false;
    const unsigned rest = one.bits % 8;
    return rest == 0 || ((address.at(whole) ^ one.address.at(whole)) >> (8 - rest)) == 0;
  });
}

std::string ProxyList::client_behind(std::string_view peer, std::string_view forwarded) const {
  auto nearest = parse(peer);
  std::optional<Raw> client;
  // Each proxy has written who stood before it; whatever stands left of one that is not ours may be invented.
  while (nearest && has(*nearest) && !forwarded.empty()) {
    const std::size_t comma = forwarded.rfind(',');
    const std::string_view entry =
        without_blanks(comma == std::string_view::npos ? forwarded : forwarded.substr(comma + 1));
    forwarded = comma == std::string_view::npos ? std::string_view{} : forwarded.substr(0, comma);
    nearest = parse_entry(entry);
    if (nearest) client = nearest;
  }
  return client ? text(*client) : "";
}

}  // namespace hermod::net
