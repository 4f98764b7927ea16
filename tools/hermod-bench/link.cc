#include "link.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace hermod::bench {
namespace {

/// Written bytes are dropped from the front of the output once there are this many of them.
constexpr std::size_t kCompactAt = 1 << 20;

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
  fd_ = fd;
  epoll_ = epoll;
  token_ = token;
  wants_writable_ = true;
  return {};
}

void Link::end(Ending ending) {
  out_.clear();
  out_head_ = 0;
  pending_.clear();
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

bool Link::flush() {
  while (out_head_ < out_.size()) {
    const ssize_t sent = send(fd_, out_.data() + out_head_, out_.size() - out_head_, MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN && errno != ENOTCONN) return false;
      if (out_head_ >= kCompactAt) {
        out_.erase(0, out_head_);
        out_head_ = 0;
      }
      want_writable(true);
      return true;
    }
    out_head_ += static_cast<std::size_t>(sent);
  }
  out_.clear();
  out_head_ = 0;
  want_writable(false);
  return true;
}

Link::ReadState Link::read(std::uint8_t* scratch, std::size_t size, Bytes& bytes) {
  const std::size_t before = pending_.size();
  if (before >= size) {
    error_ = EMSGSIZE;
    return ReadState::Ended;
  }
  const ssize_t received = recv(fd_, scratch + before, size - before, 0);
  if (received <= 0) {
    error_ = received == 0 ? 0 : errno;
    return error_ == EAGAIN || error_ == EINTR ? ReadState::Nothing : ReadState::Ended;
  }
  std::memcpy(scratch, pending_.data(), before);
  pending_.clear();
  bytes = {scratch, before + static_cast<std::size_t>(received)};
  return ReadState::Bytes;
}

const char* Link::ending() const {
  return error_ == 0 ? "closed by the broker" : std::strerror(error_);
}

}  // namespace hermod::bench
