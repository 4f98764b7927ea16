#include "link.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace hermod::bench {
namespace {

/// Written bytes are dropped from the front of the output once there are this many of them.
constexpr std::size_t kCompactAt = 1 << 20;
/// Given to OpenSSL at once, which makes records of 16 KiB of it.
constexpr std::size_t kMostSealed = 1 << 20;

Status system_failure(const char* what) {
  return failure(errno == EADDRNOTAVAIL ? Errc::NoSpace : Errc::Io,
                 std::string(what) + ": " + std::strerror(errno));
}

bool bind_source(int fd, std::uint32_t source) {
  const int on = 1;
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  sockaddr_in local{};
  local.sin_family = AF_INET;
  local.sin_addr.s_addr = htonl(source);
  return bind(fd, reinterpret_cast<const sockaddr*>(&local), sizeof local) == 0;
}

}  // namespace

Link::~Link() {
  end(Ending::Close);
  release_abandoned();
}

Status Link::open(const Address& address, std::uint32_t source, int epoll, std::uint64_t token) {
  const int family = address.storage.ss_family;
  const int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return system_failure("socket");
  const int on = 1;
  if (family != AF_UNIX) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const bool bound = source == 0 || family != AF_INET || bind_source(fd, source);
  const bool started =
      bound && (connect(fd, reinterpret_cast<const sockaddr*>(&address.storage), address.size) == 0 ||
                errno == EINPROGRESS);
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT;
  event.data.u64 = token;
  if (!started || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
    Status failed = system_failure(bound ? "connect" : "bind");
    ::close(fd);
    return failed;
  }
  tls_ = address.tls == nullptr ? nullptr : address.tls->over(fd, nullptr);
  is_secured_ = tls_ == nullptr;
  fault_.clear();
  websocket_ = address.websocket_request.empty() ? nullptr : std::make_unique<WebSocketStream>();
  out_ = address.websocket_request;
  framed_ = out_.size();
  fd_ = fd;
  epoll_ = epoll;
  token_ = token;
  wants_writable_ = true;
  return {};
}

void Link::end(Ending ending) {
  out_.clear();
  out_head_ = 0;
  framed_ = 0;
  websocket_.reset();
  pending_.clear();
  if (tls_ != nullptr && is_secured_ && ending == Ending::Close) {
    ERR_clear_error();
    SSL_shutdown(tls_.get());
  }
  tls_.reset();
  if (fd_ < 0) return;
  if (ending == Ending::Abandon) {
    release_abandoned();
    epoll_ctl(epoll_, EPOLL_CTL_DEL, fd_, nullptr);
    abandoned_ = fd_;
  } else {
    if (ending == Ending::Reset) {
      const linger at_once{1, 0};
      setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    ::close(fd_);
  }
  fd_ = -1;
}

void Link::release_abandoned() {
  if (abandoned_ >= 0) ::close(abandoned_);
  abandoned_ = -1;
}

void Link::want_writable(bool wanted) {
  if (wanted == wants_writable_) return;
  wants_writable_ = wanted;
  epoll_event event{};
  event.events = EPOLLIN | (wanted ? static_cast<std::uint32_t>(EPOLLOUT) : 0U);
  event.data.u64 = token_;
  epoll_ctl(epoll_, EPOLL_CTL_MOD, fd_, &event);
}

int Link::tls_error(int result) {
  const int error = errno;
  switch (SSL_get_error(tls_.get(), result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return EAGAIN;
    case SSL_ERROR_ZERO_RETURN:
      return 0;
    default:
      fault_ = TlsClient::take_error();
      return error == 0 ? EPROTO : error;
  }
}

Link::Handshake Link::shake_hands() {
  if (is_secured_) return Handshake::Done;
  ERR_clear_error();
  errno = 0;
  const int result = SSL_do_handshake(tls_.get());
  if (result == 1) {
    is_secured_ = true;
    want_writable(true);
    return Handshake::Done;
  }
  const int what = SSL_get_error(tls_.get(), result);
  error_ = tls_error(result);
  if (error_ != EAGAIN) return Handshake::Failed;
  want_writable(what == SSL_ERROR_WANT_WRITE);
  return Handshake::Going;
}

ssize_t Link::write_some(const char* bytes, std::size_t size) {
  if (tls_ == nullptr) return send(fd_, bytes, size, MSG_NOSIGNAL);
  ERR_clear_error();
  errno = 0;
  const int sent = SSL_write(tls_.get(), bytes, static_cast<int>(std::min(size, kMostSealed)));
  if (sent > 0) return sent;
  errno = tls_error(sent);
  return -1;
}

ssize_t Link::read_some(std::uint8_t* room, std::size_t size) {
  if (tls_ == nullptr) return recv(fd_, room, size, 0);
  ssize_t sum = 0;
  do {  // what OpenSSL has opened already is not seen by epoll
    ERR_clear_error();
    errno = 0;
    const int got = SSL_read(tls_.get(), room + sum, static_cast<int>(size - static_cast<std::size_t>(sum)));
    if (got <= 0) {
      if (sum > 0) return sum;
      errno = tls_error(got);
      return errno == 0 ? 0 : -1;
    }
    sum += got;
  } while (SSL_pending(tls_.get()) > 0 && static_cast<std::size_t>(sum) < size);
  return sum;
}

std::size_t Link::frame_output() {
  if (websocket_ == nullptr) return out_.size();
  if (websocket_->is_open()) {
    websocket_->frame(out_, framed_);
    framed_ = out_.size();
  }
  return framed_;
}

ssize_t Link::take_frames(std::uint8_t* bytes, std::size_t size) {
  const auto taken = websocket_->take({bytes, size});
  if (taken) return static_cast<ssize_t>(*taken);
  fault_ = websocket_->fault();
  return -1;
}

bool Link::flush() {
  const Handshake secured = shake_hands();
  if (secured != Handshake::Done) return secured == Handshake::Going;
  const std::size_t end = frame_output();
  while (out_head_ < end) {
    const ssize_t sent = write_some(out_.data() + out_head_, end - out_head_);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN && errno != ENOTCONN) return false;
      if (out_head_ >= kCompactAt) drop_sent();
      want_writable(true);
      return true;
    }
    out_head_ += static_cast<std::size_t>(sent);
  }
  drop_sent();
  want_writable(false);
  return true;
}

void Link::drop_sent() {
  out_.erase(0, out_head_);
  framed_ -= std::min(framed_, out_head_);
  out_head_ = 0;
}

Link::ReadState Link::read(std::uint8_t* scratch, std::size_t size, Bytes& bytes) {
  const std::size_t before = pending_.size();
  const std::size_t begun = websocket_ == nullptr ? 0 : websocket_->rest().size();
  if (before + begun >= size) {
    error_ = EMSGSIZE;
    return ReadState::Ended;
  }
  const Handshake secured = shake_hands();
  if (secured != Handshake::Done) return secured == Handshake::Going ? ReadState::Nothing : ReadState::Ended;
  ssize_t received = read_some(scratch + before + begun, size - before - begun);
  if (received <= 0) {
    error_ = received == 0 ? 0 : errno;
    return error_ == EAGAIN || error_ == EINTR ? ReadState::Nothing : ReadState::Ended;
  }
  if (websocket_ != nullptr) {
    std::memcpy(scratch + before, websocket_->rest().data(), begun);
    received = take_frames(scratch + before, begun + static_cast<std::size_t>(received));
    if (received <= 0) return received == 0 ? ReadState::Nothing : ReadState::Ended;
  }
  std::memcpy(scratch, pending_.data(), before);
  pending_.clear();
  bytes = {scratch, before + static_cast<std::size_t>(received)};
  return ReadState::Bytes;
}

const char* Link::ending() const {
  if (!fault_.empty()) return fault_.c_str();
  return error_ == 0 ? "closed by the broker" : std::strerror(error_);
}

}  // namespace hermod::bench
