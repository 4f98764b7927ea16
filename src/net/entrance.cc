#include "net/entrance.h"

#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "net/client_name.h"
#include "net/user_names.h"

namespace hermod::net {
namespace {

/// Stands for every user the kernel does not show to us (/proc/sys/kernel/overflowuid).
constexpr uid_t kUnknownUser = 65534;

Result<Caller> caller(const SocketAddress& address, Peer peer) {
  Caller out(address);
  out.introduced = std::make_unique<const Peer>(std::move(peer));
  return out;
}

}  // namespace

Entrance::Entrance(ListenerOptions options, TlsServer* tls, const UserNames* users,
                   std::optional<WebSocketRules> websocket)
    : options_(std::move(options)), tls_(tls), users_(users), websocket_(std::move(websocket)) {}

bool Entrance::is_proxy(const SocketAddress& address) const {
  return std::ranges::any_of(options_.proxy.proxies,
                             [&](const AddressRange& range) { return address.is_in(range); });
}

Result<Caller> Entrance::introduce(const ProxyHeader& header, const SocketAddress& proxy,
                                   const std::string& path) const {
  const std::string proxy_host = path.empty() ? proxy.host() : path;
  Peer peer{.address = proxy_host, .port = proxy.port()};
  if (header.names_client) {
    peer.address = header.client.host();
    peer.port = header.client.port();
    peer.proxy = proxy_host;
  }
  peer.tls_version = header.tls_version;
  peer.tls_cipher = header.tls_cipher;
  if (options_.identity == TlsIdentity::CommonName && !header.common_name.empty()) {
    auto name = checked_client_name(header.common_name);
    if (!name) return failure(Errc::Invalid, "the client's certificate: " + name.error().detail);
    peer.identity = std::move(*name);
  }
  return caller(header.names_client ? header.client : proxy, std::move(peer));
}

Result<Caller> Entrance::introduce(int socket, const std::string& path) const {
  Peer peer{.address = path};
  if (options_.identity == TlsIdentity::SystemUser) {
    ucred who{};
    socklen_t size = sizeof who;
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0 || who.uid == kUnknownUser)
      return failure(
          Errc::Invalid,
          "the kernel does not say which user it is (PrivateUsers= in the service file hides them)");
    const auto name = users_ == nullptr ? std::nullopt : users_->find(who.uid);
    if (!name) return failure(Errc::Invalid, "user " + std::to_string(who.uid) + " has no name");
    auto checked = checked_client_name(*name);
    if (!checked)
      return failure(Errc::Invalid, "user " + std::to_string(who.uid) + ": " + checked.error().detail);
    peer.identity = std::move(*checked);
  }
  return caller(SocketAddress(), std::move(peer));
}

}  // namespace hermod::net
