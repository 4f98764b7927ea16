#include "net/listener.h"

#include <fcntl.h>

#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

#include "base/assert.h"
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

Listener::Listener(EventLoop& loop, Fd socket, const Options& options, AcceptHandler& handler, Speech speech)
    : loop_(loop), socket_(std::move(socket)), options_(options), handler_(handler), speech_(speech) {}

Listener::~Listener() {
  stop();
}

Status Listener::start() {
  const auto where = [this] {
    sockaddr_storage raw{};
    socklen_t length = sizeof raw;
    ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&raw), &length);
    return SocketAddress::from(raw).to_string();
  };
  reserve_ = open_reserve();
  if (!reserve_.valid() || ::listen(socket_.get(), options_.backlog) != 0)
    return tl::unexpected(socket_error(errno, "listen on", where()));
  if (Status added = loop_.add(socket_.get(), EPOLLIN, this); !added) return added;
  watched_ = true;
  return {};
}

void Listener::stop() {
  if (watched_) loop_.remove(socket_.get(), this);
  watched_ = false;
  rest_timer_.cancel();
  socket_.reset();
  reserve_.reset();
}

void Listener::on_ready(std::uint32_t) {
  for (std::uint32_t i = 0; i < options_.accept_batch && socket_.valid(); ++i) {
    if (!accept_one()) return;
  }
}

bool Listener::accept_one() {
  sockaddr_storage raw;
  socklen_t length = sizeof raw;
  Fd connection(
      ::accept4(socket_.get(), reinterpret_cast<sockaddr*>(&raw), &length, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (connection.valid()) {
    hand_over(std::move(connection), raw);
    return true;
  }
  const int error = errno;
  if (error == EAGAIN || error == EWOULDBLOCK) return false;
  if (concerns_one_connection(error)) return true;
  rest(error);
  return false;
}

void Listener::hand_over(Fd connection, const sockaddr_storage& raw) {
  const SocketAddress peer = SocketAddress::from(raw);
  TlsServer* const tls = speech_.tls;
  auto transport = tls == nullptr ? TcpTransport::open(loop_, std::move(connection), peer, options_)
                                  : TlsTransport::open(loop_, std::move(connection), peer, options_, *tls);
  if (!transport) {
    loop_.count(Counter::ConnectionsRefused);
    HERMOD_LOG_LIMITED(log::Level::Warning, "listener.refused", {"reason", transport.error().detail});
    return;
  }
  if (speech_.websocket != nullptr) {
    // A TLS handshake comes first, and has a limit of its own.
    const auto due = loop_.now() + options_.websocket.request_timeout +
                     (tls == nullptr ? std::chrono::milliseconds{0} : options_.tls.handshake_timeout);
    *transport = std::make_unique<WebSocketTransport>(std::move(*transport), loop_, *speech_.guest,
                                                      *speech_.websocket, options_, due);
  }
  handler_.on_accepted(std::move(*transport));
}

bool Listener::refuse_one() {
  reserve_.reset();
  const bool refused = Fd(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC)).valid();
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
  HERMOD_LOG_LIMITED(log::Level::Error, "listener.resting", {"port", bound_port()},
                     {"reason", std::generic_category().message(error_number)}, {"refused", refused});
  watch(0);
  loop_.timers().schedule(rest_timer_, loop_.now() + options_.accept_pause);
}

void Listener::on_timer(Timer&) {
  if (!reserve_.valid()) reserve_ = open_reserve();
  watch(EPOLLIN);
}

void Listener::watch(std::uint32_t events) {
  // Changing a watched descriptor cannot fail: epoll needs nothing new for it.
  const bool changed = loop_.modify(socket_.get(), events, this).has_value();
  HERMOD_ASSERT(changed);
}

}  // namespace hermod::net
