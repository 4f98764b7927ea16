#include "net/proxy_reception.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace hermod::net {

ProxyReception::ProxyReception(EventLoop& loop, Owner& owner, Fd socket, const SocketAddress& proxy,
                               Place place, std::size_t max_size)
    : loop_(loop),
      owner_(owner),
      socket_(std::move(socket)),
      proxy_(proxy),
      place_(std::move(place)),
      reader_(max_size) {}

ProxyReception::~ProxyReception() {
  stop_watching();
}

Status ProxyReception::start(MonotonicTime limit) {
  if (Status added = loop_.add(socket_.get(), EPOLLIN, this); !added) return added;
  watched_ = true;
  loop_.timers().schedule(timeout_, limit);
  return {};
}

void ProxyReception::stop_watching() {
  if (std::exchange(watched_, false)) loop_.remove(socket_.get(), this);
  timeout_.cancel();
}

/// The bytes are looked at first and then taken as far as they belong to the header: the transport reads the
/// others.
void ProxyReception::on_ready(std::uint32_t) {
  const std::span<std::uint8_t> scratch = loop_.scratch();
  const ssize_t seen = ::recv(socket_.get(), scratch.data(), scratch.size(), MSG_PEEK);
  if (seen < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
  if (seen <= 0)
    return refuse(Counter::ProxyFailedClosed, "closed", "the proxy closed the connection before its header");
  const auto step = reader_.take(scratch.first(static_cast<std::size_t>(seen)));
  ::recv(socket_.get(), scratch.data(), step.taken, 0);
  loop_.count_read(step.taken);
  using State = ProxyHeaderReader::State;
  switch (step.state) {
    case State::More:
      return;
    case State::Done:
      stop_watching();
      loop_.count(Counter::ProxyHeaders);
      return owner_.on_header(*this);
    case State::Missing:
      return refuse(Counter::ProxyFailedMissing, "missing", reader_.fault());
    case State::Malformed:
      return refuse(Counter::ProxyFailedMalformed, "malformed", reader_.fault());
  }
}

void ProxyReception::on_timer(Timer&) {
  refuse(Counter::ProxyFailedTimeout, "timeout", "the header took longer than proxy_timeout");
}

void ProxyReception::refuse(Counter counter, std::string_view reason, std::string_view why) {
  stop_watching();
  owner_.on_no_header(*this, counter, reason, why);
}

}  // namespace hermod::net
