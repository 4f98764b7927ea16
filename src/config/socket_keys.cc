#include "config/socket_keys.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <utility>

#include "config/address_range.h"
#include "config/text_list.h"
#include "config/websocket_keys.h"

namespace hermod::config {
namespace {

using namespace std::chrono_literals;
using Listener = net::ListenerOptions;
using Socket = net::SocketOptions;
using Proxy = net::ProxyOptions;
using Where = SocketKey::Where;

constexpr std::array<std::string_view, 3> kProxyUses{"off", "required", "from-proxies"};
constexpr std::string_view kAnyHost = "::";

/// A number of a listener, reached through members.
template <auto... Path>
SocketKey socket_number(Kind kind, Where where, std::string_view name, std::int64_t least, std::int64_t most,
                        std::string_view doc) {
  using Number = std::remove_cvref_t<decltype((std::declval<Listener&>().*....*Path))>;
  return {.key = {.name = name, .kind = kind, .least = least, .most = most, .doc = doc},
          .where = where,
          .read = [](const Listener& l) -> Value { return static_cast<std::int64_t>((l.*....*Path)); },
          .write = [](Listener& l,
                      const Value& v) { (l.*....*Path) = static_cast<Number>(std::get<std::int64_t>(v)); }};
}

template <auto... Path>
SocketKey socket_duration(Where where, std::string_view name, std::chrono::milliseconds least,
                          std::chrono::milliseconds most, std::string_view doc) {
  using Span = std::remove_cvref_t<decltype((std::declval<Listener&>().*....*Path))>;
  using Milliseconds = std::chrono::milliseconds;
  return {
      .key = {.name = name,
              .kind = Kind::Duration,
              .least = least.count(),
              .most = most.count(),
              .step = std::chrono::duration_cast<Milliseconds>(Span{1}).count(),
              .doc = doc},
      .where = where,
      .read = [](const Listener& l) -> Value {
        return static_cast<std::int64_t>(std::chrono::duration_cast<Milliseconds>((l.*....*Path)).count());
      },
      .write =
          [](Listener& l, const Value& v) {
            (l.*....*Path) = std::chrono::duration_cast<Span>(Milliseconds(std::get<std::int64_t>(v)));
          }};
}

SocketKey follows_net(SocketKey key) {
  key.follows_net = true;
  return key;
}

SocketKey proxy_protocol() {
  return {
      .key = {.name = "proxy_protocol",
              .kind = Kind::Choice,
              .choices = kProxyUses,
              .doc =
                  "Who puts a PROXY header (version 1 or 2) in front of its clients' bytes. required: "
                  "only the proxies may connect, and all of them must. from-proxies: the proxies must, and "
                  "everybody else connects without one. What the header says of the client is then its "
                  "address in limits and logs."},
      .read = [](const Listener& l) -> Value {
        return std::string(kProxyUses.at(static_cast<std::size_t>(l.proxy.use)));
      },
      .write =
          [](Listener& l, const Value& v) {
            const auto at = std::ranges::find(kProxyUses, std::get<std::string>(v)) - kProxyUses.begin();
            l.proxy.use = static_cast<net::ProxyUse>(at);
          }};
}

Status check_ranges(std::string_view text) {
  for (const std::string& one : split_list(text)) {
    if (const auto range = parse_address_range(one); !range) return tl::unexpected(range.error());
  }
  return {};
}

SocketKey proxies() {
  return {
      .key = {.name = "proxies",
              .kind = Kind::Text,
              .check = &check_ranges,
              .is_list = true,
              .doc =
                  "The proxies that are believed about the addresses of their clients: addresses and "
                  "networks such as 10.0.0.0/8. They tell them by a PROXY header, where proxy_protocol asks "
                  "for it, and on ws:// and wss:// by X-Forwarded-For."},
      .where = Where::Ip,
      .read = [](const Listener& l) -> Value {
        std::vector<std::string> texts;
        for (const net::AddressRange& range : l.proxy.proxies) texts.push_back(range_text(range));
        return list_text(texts);
      },
      .write =
          [](Listener& l, const Value& v) {
            l.proxy.proxies.clear();
            for (const std::string& one : split_list(std::get<std::string>(v)))
              if (const auto range = parse_address_range(one)) l.proxy.proxies.push_back(*range);
          }};
}

SocketKey v6only() {
  return {.key = {.name = "v6only",
                  .kind = Kind::Switch,
                  .doc = "Whether a url with [::] takes IPv6 only. A url with * always takes both."},
          .where = Where::Ip,
          .read = [](const Listener& l) -> Value {
            return std::ranges::none_of(l.addresses, &net::ListenAddress::takes_ipv4);
          },
          .write =
              [](Listener& l, const Value& v) {
                for (net::ListenAddress& address : l.addresses)
                  address.takes_ipv4 = address.host == kAnyHost && !std::get<bool>(v);
              }};
}

SocketKey no_delay() {
  return {.key = {.name = "no_delay", .kind = Kind::Switch, .doc = "As net.no_delay, for this listener."},
          .where = Where::Ip,
          .read = [](const Listener& l) -> Value { return l.socket.no_delay; },
          .write = [](Listener& l, const Value& v) { l.socket.no_delay = std::get<bool>(v); }};
}

constexpr std::string_view kModes = "three octal digits, which may have a zero in front";

bool is_octal(char c) {
  return c >= '0' && c <= '7';
}

Status check_mode(std::string_view text) {
  const std::string_view digits = text.size() == 4 && text.front() == '0' ? text.substr(1) : text;
  if (digits.size() == 3 && std::ranges::all_of(digits, is_octal)) return {};
  return failure(Errc::Invalid, std::string(kModes) + " are expected, such as \"0660\"");
}

SocketKey mode() {
  return {.key = {.name = "mode",
                  .kind = Kind::Text,
                  .forms = kModes,
                  .check = &check_mode,
                  .doc = "The mode of the Unix socket's file. Who may write to it may connect."},
          .where = Where::Unix,
          .read = [](const Listener& l) -> Value {
            std::string text = "0";
            for (const unsigned shift : {6U, 3U, 0U})
              text += static_cast<char>('0' + (l.file.mode >> shift & 7U));
            return text;
          },
          .write =
              [](Listener& l, const Value& v) {
                l.file.mode = 0;
                for (const char digit : std::get<std::string>(v))
                  l.file.mode = l.file.mode << 3U | static_cast<unsigned>(digit - '0');
              }};
}

SocketKey owner() {
  return {.key = {.name = "owner",
                  .kind = Kind::Text,
                  .doc = "Whose the Unix socket's file is: user, user:group or :group. Empty: the broker's."},
          .where = Where::Unix,
          .read = [](const Listener& l) -> Value { return l.file.owner; },
          .write = [](Listener& l, const Value& v) { l.file.owner = std::get<std::string>(v); }};
}

constexpr std::int64_t kLargestBuffer = 1LL << 30;
constexpr std::int64_t kLargestHeader = 16 + 65535;

}  // namespace

bool SocketKey::is_for(const net::ListenerOptions& listener) const {
  if (where == Where::WebSocket) return listener.websocket.has_value();
  const bool is_unix = listener.addresses.front().is_unix();
  return where == Where::Everywhere || (where == Where::Unix) == is_unix;
}

namespace {

std::vector<SocketKey> keys_of_sockets() {
  return {
      socket_number<&Listener::max_connections>(
          Kind::Integer, Where::Everywhere, "max_connections", 0, 10'000'000,
          "Connections of this listener at the same time; more are closed "
          "unheard. 0: no limit but limits.max_connections."),
      socket_number<&Listener::max_connections_per_address>(
          Kind::Integer, Where::Ip, "max_connections_per_address", 0, 10'000'000,
          "Connections of this listener at the same time from one IPv4 address, or one IPv6 network of 64 "
          "bits. "
          "0: no limit but limits.max_connections_per_address, which counts those of all listeners."),
      proxy_protocol(),
      proxies(),
      socket_duration<&Listener::proxy, &Proxy::timeout>(Where::Everywhere, "proxy_timeout", 100ms, 1min,
                                                         "How long the header may take."),
      socket_number<&Listener::proxy, &Proxy::max_size>(
          Kind::Size, Where::Everywhere, "proxy_max_size", 536, kLargestHeader,
          "The largest header of version 2. More than the least is needed by proxies that send whole "
          "certificates; their content is not looked at."),
      v6only(),
      mode(),
      owner(),
      follows_net(socket_number<&Listener::socket, &Socket::backlog>(
          Kind::Integer, Where::Everywhere, "backlog", 1, 65535, "As net.backlog, for this listener.")),
      follows_net(no_delay()),
      follows_net(socket_duration<&Listener::socket, &Socket::keep_alive_idle>(
          Where::Ip, "tcp_keep_alive", 0s, 9h, "As net.tcp_keep_alive, for this listener.")),
      follows_net(socket_duration<&Listener::socket, &Socket::keep_alive_interval>(
          Where::Ip, "tcp_keep_alive_interval", 1s, 1h,
          "As net.tcp_keep_alive_interval, for this listener.")),
      follows_net(socket_number<&Listener::socket, &Socket::keep_alive_probes>(
          Kind::Integer, Where::Ip, "tcp_keep_alive_probes", 1, 127,
          "As net.tcp_keep_alive_probes, for this listener.")),
      follows_net(socket_number<&Listener::socket, &Socket::send_buffer>(
          Kind::Size, Where::Ip, "send_buffer", 0, kLargestBuffer, "As net.send_buffer, for this listener.")),
      follows_net(socket_number<&Listener::socket, &Socket::receive_buffer>(
          Kind::Size, Where::Ip, "receive_buffer", 0, kLargestBuffer,
          "As net.receive_buffer, for this listener.")),
  };
}

}  // namespace

const std::vector<SocketKey>& socket_keys() {
  static const std::vector<SocketKey> kKeys = [] {
    std::vector<SocketKey> all = keys_of_sockets();
    for (const SocketKey& one : websocket_keys()) all.push_back(one);
    return all;
  }();
  return kKeys;
}

const SocketKey* find_socket_key(std::string_view name) {
  const auto found =
      std::ranges::find_if(socket_keys(), [&](const SocketKey& one) { return one.key.name == name; });
  return found == socket_keys().end() ? nullptr : &*found;
}

namespace {

/// The name of a user where TLS does not give it.
std::string identity_fault(const net::ListenerOptions& listener) {
  const bool is_unix = listener.addresses.front().is_unix();
  const bool is_proxied = listener.proxy.use != net::ProxyUse::Off;
  switch (listener.identity) {
    case net::TlsIdentity::None:
      return "";
    case net::TlsIdentity::CommonName:
      return is_proxied ? "" : "identity is for a url with mqtts:// or wss://, unless a proxy tells it";
    case net::TlsIdentity::AlternativeName:
      return "a proxy tells the common name only: identity = \"cn\"";
    case net::TlsIdentity::SystemUser:
      if (!is_unix) return "identity = \"user\" is for a url with unix://";
      return is_proxied ? "behind a proxy every client would be the proxy's user" : "";
    case net::TlsIdentity::PreSharedKey:
      return "identity = \"psk\" is for a url with mqtts:// or wss://";
  }
  return "";
}

}  // namespace

std::string socket_fault(const net::ListenerOptions& listener, const std::vector<std::string>& written) {
  const bool is_unix = listener.addresses.front().is_unix();
  const net::ListenerOptions standard;
  for (const std::string& name : written) {
    const SocketKey& key = *find_socket_key(name);
    if (key.is_for(listener)) continue;
    if (key.where == SocketKey::Where::WebSocket) return name + " is for a url with ws:// or wss://";
    if (key.read(listener) != key.read(standard))
      return name + (is_unix ? " says nothing on a Unix socket" : " is for a url with unix://");
  }
  const bool is_proxied = listener.proxy.use != net::ProxyUse::Off;
  if (is_unix && listener.proxy.use == net::ProxyUse::FromProxies)
    return "on a Unix socket proxy_protocol is off or required";
  if (is_proxied && !is_unix && listener.proxy.proxies.empty())
    return "proxy_protocol needs proxies: whose headers are believed";
  if (!is_proxied && !listener.websocket && !listener.proxy.proxies.empty())
    return "proxies does nothing while proxy_protocol is off";
  if (!is_proxied && listener.tls && listener.tls->identity != net::TlsIdentity::None &&
      !listener.proxy.proxies.empty())
    return "behind a proxy that speaks HTTP every client would have the name of the proxy's certificate: "
           "identity needs a listener without proxies, or proxies with proxy_protocol";
  return listener.tls ? "" : identity_fault(listener);
}

}  // namespace hermod::config
