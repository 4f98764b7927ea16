#include "net/listener.h"

#include <fcntl.h>

#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

#include "base/log.h"
#include "net/socket_address.h"
#include "net/tcp_transport.h"
#include "net/tls_transport.h"
#include "net/websocket_transport.h"

namespace hermod::net {

namespace {

Fd open_reserve() {
  return Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
}

/// Errors of the connection that was to be accepted, not of the listener (accept(2), "Error handling").
bool concerns_one_connection(int error) {
  switch (error) {
    case EINTR:
    case ECONNABORTED:
    case EPERM:
    case EPROTO:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENONET:
      return true;
    default:
      return false;
  }
}

}  // namespace

Listener::Listener(EventLoop& loop, ListenSocket socket, const Options& options, AcceptHandler& handler,
                   Entrance& entrance)
    : loop_(loop),
      socket_(std::move(socket)),
      options_(options),
      handler_(handler),
      entrance_(entrance),
      path_(local_path(socket_.fd.get())) {}

Listener::~Listener() {
  stop();
}

Status Listener::start() {
  reserve_ = open_reserve();
  if (!reserve_.valid() || ::listen(socket_.fd.get(), entrance_.options().socket.backlog) != 0)
    return tl::unexpected(socket_error(errno, "listen on", local_name(socket_.fd.get())));
  return watch();
}

void Listener::stop() {
  stop_watching();
  rest_timer_.cancel();
  receptions_.clear();
  socket_.fd.reset();
  reserve_.reset();
}

void Listener::on_ready(std::uint32_t) {
  if (socket_.is_shared) {
    // The kernel wakes the first of those that wait. Whoever has got a connection goes to the end of the
    // line.
    if (!accept_one() || !watched_) return;
    stop_watching();
    if (!watch()) rest(ENOMEM);
    return;
  }
  for (std::uint32_t i = 0; i < options_.accept_batch && socket_.fd.valid(); ++i) {
    if (!accept_one()) return;
  }
}

bool Listener::accept_one() {
  sockaddr_storage raw;
  socklen_t length = sizeof raw;
  Fd connection(
      ::accept4(socket_.fd.get(), reinterpret_cast<sockaddr*>(&raw), &length, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (connection.valid()) {
    receive(std::move(connection), raw);
    return true;
  }
  const int error = errno;
  if (error == EAGAIN || error == EWOULDBLOCK) return false;
  if (concerns_one_connection(error)) return true;
  rest(error);
  return false;
}

void Listener::receive(Fd connection, const sockaddr_storage& raw) {
  const SocketAddress peer = SocketAddress::from(raw);
  std::optional<Place> place = entrance_.enter();
  if (!place) return refuse(sender(peer), "listeners." + entrance_.name() + ".max_connections is reached");
  const ProxyUse use = entrance_.options().proxy.use;
  if (use != ProxyUse::Off) {
    if (!path_.empty() || entrance_.is_proxy(peer))
      return await_header(std::move(connection), peer, std::move(*place));
    if (use == ProxyUse::Required) {
      loop_.count(Counter::ProxyFailedAddress);
      return refuse(sender(peer), "it is not among listeners." + entrance_.name() + ".proxies");
    }
  }
  if (path_.empty()) return hand_over(std::move(connection), peer, std::move(*place));
  auto caller = entrance_.introduce(connection.get(), path_);
  if (!caller) return refuse(path_, caller.error().detail);
  hand_over(std::move(connection), std::move(*caller), std::move(*place));
}

void Listener::await_header(Fd connection, const SocketAddress& proxy, Place place) {
  const ProxyOptions& options = entrance_.options().proxy;
  ProxyReception::Owner& owner = *this;
  auto reception = std::make_unique<ProxyReception>(loop_, owner, std::move(connection), proxy,
                                                    std::move(place), options.max_size);
  if (Status started = reception->start(loop_.now() + options.timeout); !started)
    return refuse(sender(proxy), started.error().detail);
  receptions_.emplace(reception.get(), std::move(reception));
}

void Listener::on_header(ProxyReception& reception) {
  const std::unique_ptr<ProxyReception> done = take(reception);
  auto caller = entrance_.introduce(done->header(), done->proxy(), path_);
  if (!caller) {
    const ProxyHeader& header = done->header();
    return refuse(header.names_client ? header.client.host() : sender(done->proxy()), caller.error().detail);
  }
  hand_over(done->take_socket(), std::move(*caller), done->take_place());
}

void Listener::on_no_header(ProxyReception& reception, Counter counter, std::string_view reason,
                            std::string_view why) {
  const std::unique_ptr<ProxyReception> done = take(reception);
  loop_.count(Counter::ConnectionsRefused);
  loop_.count(counter);
  // A proxy that connects and goes away looks whether we are there.
  const log::Level level = counter == Counter::ProxyFailedClosed ? log::Level::Debug : log::Level::Notice;
  HERMOD_LOG_LIMITED(level, "proxy.refused", {"listener", entrance_.name()},
                     {"address", sender(done->proxy())}, {"reason", reason}, {"why", why});
}

std::unique_ptr<ProxyReception> Listener::take(ProxyReception& reception) {
  const auto found = receptions_.find(&reception);
  std::unique_ptr<ProxyReception> taken = std::move(found->second);
  receptions_.erase(found);
  return taken;
}

void Listener::hand_over(Fd connection, Caller caller, Place place) {
  TlsServer* tls = entrance_.tls();
  const SocketAddress address = caller.address;
  auto transport = tls == nullptr
                       ? TcpTransport::open(loop_, std::move(connection), std::move(caller), options_)
                       : TlsTransport::open(loop_, std::move(connection), std::move(caller), options_, *tls);
  if (!transport) return refuse(sender(address), transport.error().detail);
  (*transport)->occupy(std::move(place));
  if (const WebSocketRules* rules = entrance_.websocket()) {
    *transport = std::make_unique<WebSocketTransport>(std::move(*transport), loop_, *rules, options_,
                                                      loop_.now() + options_.websocket.request_timeout);
  }
  handler_.on_accepted(std::move(*transport), entrance_.options());
}

/// A Unix socket has one name for all who come by it.
std::string Listener::sender(const SocketAddress& peer) const {
  return path_.empty() ? peer.host() : path_;
}

void Listener::refuse(const std::string& address, std::string_view why) {
  loop_.count(Counter::ConnectionsRefused);
  HERMOD_LOG_LIMITED(log::Level::Notice, "listener.refused", {"listener", entrance_.name()},
                     {"address", address}, {"why", why});
}

bool Listener::refuse_one() {
  reserve_.reset();
  const bool refused = Fd(::accept4(socket_.fd.get(), nullptr, nullptr, SOCK_CLOEXEC)).valid();
  reserve_ = open_reserve();
  if (refused) loop_.count(Counter::ConnectionsRefused);
  return refused;
}

void Listener::rest(int error_number) {
  std::uint32_t refused = 0;
  if (error_number == EMFILE || error_number == ENFILE) {
    // Answered with a close, a client tries again later; left in the backlog, it would wait for nothing.
    while (refused < options_.accept_batch && reserve_.valid() && refuse_one()) ++refused;
  }
  HERMOD_LOG_LIMITED(log::Level::Error, "listener.resting", {"listener", entrance_.name()},
                     {"on", local_name(socket_.fd.get())},
                     {"reason", std::generic_category().message(error_number)}, {"refused", refused});
  stop_watching();
  loop_.timers().schedule(rest_timer_, loop_.now() + options_.accept_pause);
}

void Listener::on_timer(Timer&) {
  if (!reserve_.valid()) reserve_ = open_reserve();
  if (!watch()) loop_.timers().schedule(rest_timer_, loop_.now() + options_.accept_pause);
}

/// EPOLLEXCLUSIVE, so that a connection to a shared socket wakes one shard and not all of them; with it a
/// watch can begin and end and not change.
Status Listener::watch() {
  Status added = loop_.add(socket_.fd.get(), EPOLLIN | EPOLLEXCLUSIVE, this);
  watched_ = added.has_value();
  return added;
}

void Listener::stop_watching() {
  if (std::exchange(watched_, false)) loop_.remove(socket_.fd.get(), this);
}

}  // namespace hermod::net
