#include "address.h"

#include <netdb.h>
#include <sys/resource.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>

namespace hermod::bench {
namespace {

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
  constexpr std::string_view kPlain = "mqtt://";
  constexpr std::string_view kTls = "mqtts://";
  if (text.starts_with(kPlain)) return resolve_plain(text.substr(kPlain.size()), 1883);
  if (!text.starts_with(kTls)) return resolve_plain(text, 1883);
  auto address = resolve_plain(text.substr(kTls.size()), 8883);
  if (!address) return address;
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
