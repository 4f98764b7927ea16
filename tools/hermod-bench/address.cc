#include "address.h"

#include <netdb.h>
#include <sys/resource.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "websocket_stream.h"

namespace hermod::bench {
namespace {

struct Scheme {
  std::string_view name;
  std::uint16_t port;
  bool has_tls;
  bool has_websocket;
};
constexpr std::array<Scheme, 5> kSchemes{{{"mqtt://", 1883, false, false},
                                          {"mqtts://", 8883, true, false},
                                          {"ws://", 8083, false, true},
                                          {"wss://", 8084, true, true},
                                          {"", 1883, false, false}}};

Result<Address> unix_address(const std::string& text, const std::string& path) {
  Address address;
  address.text = text;
  auto* local = reinterpret_cast<sockaddr_un*>(&address.storage);
  if (path.empty() || path.size() >= sizeof(local->sun_path))
    return failure(Errc::Invalid, "\"" + text + "\": the socket path must have 1 to 107 characters");
  local->sun_family = AF_UNIX;
  std::memcpy(local->sun_path, path.c_str(), path.size() + 1);
  address.size = sizeof(sockaddr_un);
  return address;
}

Result<Address> resolve_plain(const std::string& text, std::uint16_t default_port) {
  if (text.starts_with("unix:")) return unix_address(text, text.substr(5));
  std::string host = text;
  std::string port = std::to_string(default_port);
  const std::size_t bracket = text.find(']');
  const std::size_t colon = text.rfind(':');
  const bool has_port =
      colon != std::string::npos && (text.front() == '[' ? colon == bracket + 1 : text.find(':') == colon);
  if (has_port) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
  }
  if (host.size() > 1 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
  if (error != 0) return failure(Errc::Invalid, "\"" + text + "\": " + gai_strerror(error));
  Address address;
  address.text = text;
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  address.size = found->ai_addrlen;
  freeaddrinfo(found);
  return address;
}

}  // namespace

Result<Address> resolve(const std::string& text, const TlsSettings& tls) {
  const Scheme* scheme = std::ranges::find_if(
      kSchemes, [&](const Scheme& one) { return text.starts_with(one.name) || one.name.empty(); });
  std::string place = text.substr(scheme->name.size());
  std::string path = "/mqtt";
  if (const std::size_t slash = place.find('/'); scheme->has_websocket && slash != std::string::npos) {
    path = place.substr(slash);
    place.resize(slash);
  }
  auto address = resolve_plain(place, scheme->port);
  if (!address) return address;
  if (scheme->has_websocket) address->websocket_request = websocket_request(place, path);
  if (!scheme->has_tls) return address;
  auto client = TlsClient::make(tls);
  if (!client) return tl::unexpected(client.error());
  address->tls = std::move(*client);
  return address;
}

Status raise_descriptor_limit(std::size_t descriptors) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= descriptors) return {};
  limit.rlim_cur = descriptors;
  limit.rlim_max = std::max<rlim_t>(limit.rlim_max, descriptors);
  if (setrlimit(RLIMIT_NOFILE, &limit) == 0) return {};
  return failure(Errc::Unsupported, "cannot open " + std::to_string(descriptors) +
                                        " files: raise the limit with \"ulimit -n\" and fs.nr_open");
}

}  // namespace hermod::bench
