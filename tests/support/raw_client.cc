#include "tests/support/raw_client.h"

#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <initializer_list>
#include <utility>

#include "tests/support/deflate.h"
#include "tests/support/loopback.h"

namespace hermod::support {
namespace {

bool wait_for(int fd, short events, Clock::time_point deadline) {
  while (true) {
    const auto left = std::chrono::ceil<Millis>(deadline - Clock::now()).count();
    pollfd entry{.fd = fd, .events = events, .revents = 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
    if (ready > 0) return true;
    if (ready == 0) return false;
    if (errno != EINTR) return false;
  }
}

}  // namespace

void fail(const Where& where, const std::string& what) {
  std::string_view file = where.file_name();
  file.remove_prefix(std::min(file.size(), file.rfind('/') + 1));
  throw Unexpected(std::string(file) + ":" + std::to_string(where.line()) + ": " + what);
}

namespace {

bool all_over(std::initializer_list<std::string_view> transports) {
  const char* named = std::getenv("HERMOD_TEST_TRANSPORT");
  return named != nullptr && std::find(transports.begin(), transports.end(), named) != transports.end();
}

}  // namespace

bool all_over_tls() {
  return all_over({"mqtts", "wss"});
}

bool all_over_websocket() {
  return all_over({"ws", "wss"});
}

bool all_over_unix() {
  return all_over({"unix"});
}

std::string unix_path(std::uint16_t port) {
  return std::filesystem::temp_directory_path() / ("hermod-test-" + std::to_string(port) + ".sock");
}

RawClient::RawClient(std::uint16_t port, int receive_buffer) {
  if (all_over_unix()) {
    connect_unix(unix_path(port));
  } else {
    connect(port, receive_buffer);
  }
  try {
    if (all_over_tls()) tls_ = std::make_unique<TlsStream>(fd_, TlsClient{});
    if (all_over_websocket()) upgrade();
  } catch (...) {
    close();
    throw;
  }
}

RawClient::RawClient(std::uint16_t port, const TlsClient& client, int receive_buffer) {
  connect(port, receive_buffer);
  if (!client.in_front.empty()) send_unsealed(client.in_front);
  try {
    tls_ = std::make_unique<TlsStream>(fd_, client);
  } catch (...) {
    close();
    throw;
  }
}

RawClient RawClient::over_ipv6(std::uint16_t port) {
  RawClient client;
  const sockaddr_in6 address = loopback_address_of_ipv6(port);
  client.connect_tcp(reinterpret_cast<const sockaddr*>(&address), sizeof address, 0);
  return client;
}

RawClient RawClient::at(const std::string& path) {
  RawClient client;
  client.connect_unix(path);
  return client;
}

void RawClient::connect_unix(const std::string& path) {
  fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return;
  const std::string reason = std::strerror(errno);
  close();
  throw Unexpected("connect to " + path + ": " + reason);
}

void RawClient::connect(std::uint16_t port, int receive_buffer) {
  const sockaddr_in address = loopback_address(port);
  connect_tcp(reinterpret_cast<const sockaddr*>(&address), sizeof address, receive_buffer);
}

void RawClient::connect_tcp(const sockaddr* address, unsigned length, int receive_buffer) {
  fd_ = ::socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (receive_buffer > 0) {
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  }
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(fd_, address, length) != 0) {
    const std::string reason = std::strerror(errno);
    close();
    throw Unexpected("connect over TCP: " + reason);
  }
}

RawClient::RawClient(RawClient&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      tls_(std::move(other.tls_)),
      closed_(other.closed_),
      is_framed_(other.is_framed_),
      close_code_(other.close_code_),
      compressed_(other.compressed_),
      frames_(std::move(other.frames_)),
      pongs_(std::move(other.pongs_)),
      pings_(std::move(other.pings_)),
      buffer_(std::move(other.buffer_)) {}

RawClient& RawClient::operator=(RawClient&& other) noexcept {
  close();
  fd_ = std::exchange(other.fd_, -1);
  tls_ = std::move(other.tls_);
  closed_ = other.closed_;
  is_framed_ = other.is_framed_;
  close_code_ = other.close_code_;
  compressed_ = other.compressed_;
  frames_ = std::move(other.frames_);
  pongs_ = std::move(other.pongs_);
  pings_ = std::move(other.pings_);
  buffer_ = std::move(other.buffer_);
  return *this;
}

RawClient::~RawClient() {
  close();
}

void RawClient::send(std::string_view bytes, Where where) {
  if (!try_send(bytes)) fail(where, "the broker did not take " + to_hex(bytes));
}

bool RawClient::try_send(std::string_view bytes, Millis limit) {
  const auto deadline = Clock::now() + limit;
  return is_framed_ ? send_all(framed(bytes), deadline) : send_all(bytes, deadline);
}

bool RawClient::send_unframed(std::string_view bytes) {
  return send_all(bytes, Clock::now() + kPatience);
}

void RawClient::upgrade(const WebSocketRequest& request) {
  constexpr std::string_view kEnd = "\r\n\r\n";
  const auto deadline = Clock::now() + kPatience;
  send_all(request.text(), deadline);
  while (buffer_.find(kEnd) == std::string::npos && fill(deadline)) {
  }
  const std::size_t end = buffer_.find(kEnd);
  if (!buffer_.starts_with("HTTP/1.1 101 ") || end == std::string::npos)
    throw Unexpected("the broker answers: " + buffer_);
  is_framed_ = true;
  frames_ = buffer_.substr(end + kEnd.size());
  buffer_.clear();
}

bool RawClient::send_all(std::string_view bytes, Clock::time_point deadline) {
  while (!bytes.empty()) {
    if (tls_) {
      const long sent = tls_->send(bytes, deadline);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
      continue;
    }
    if (!wait_for(fd_, POLLOUT, deadline)) return false;
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno != EAGAIN && errno != EINTR) {
      return false;
    }
  }
  return true;
}

void RawClient::send_unsealed(std::string_view bytes) {
  ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

long RawClient::receive(char* room, std::size_t size, Clock::time_point deadline) {
  if (tls_) return tls_->receive(room, size, deadline);
  if (!wait_for(fd_, POLLIN, deadline)) return 0;
  const ssize_t got = ::recv(fd_, room, size, 0);
  return got > 0 ? got : -1;
}

bool RawClient::fill(Clock::time_point deadline) {
  if (closed_) return false;
  std::array<char, 65536> chunk;
  const long got = receive(chunk.data(), chunk.size(), deadline);
  if (got == 0) return false;
  if (got < 0) {
    closed_ = true;
    return false;
  }
  std::string& to = is_framed_ ? frames_ : buffer_;
  to.append(chunk.data(), static_cast<std::size_t>(got));
  if (is_framed_) take_frames();
  return true;
}

namespace {

std::string content(const Frame& frame) {
  if (!frame.is_compressed) return frame.payload;
  if (auto text = inflated(frame.payload)) return *std::move(text);
  throw Unexpected("a message that is not compressed as it says: " + to_hex(frame.payload));
}

}  // namespace

/// Behind the broker's Close frame there is nothing more; it is answered, as a browser does it.
void RawClient::take_frames() {
  while (const std::optional<Frame> frame = take_frame(frames_)) {
    switch (frame->opcode) {
      case opcode::kBinary:
        buffer_ += content(*frame);
        if (frame->is_compressed) ++compressed_;
        break;
      case opcode::kPing:
        pings_.push_back(frame->payload);
        break;
      case opcode::kPong:
        pongs_.push_back(frame->payload);
        break;
      case opcode::kClose:
        close_code_ = support::close_code(*frame);
        send_all(close_frame(close_code_), Clock::now());
        break;
      default:
        throw Unexpected("a frame of kind " + std::to_string(frame->opcode));
    }
  }
}

std::optional<Packet> RawClient::poll(Millis limit) {
  const auto deadline = Clock::now() + limit;
  std::size_t length = 0;
  std::size_t at = 1;
  while (true) {
    if (buffer_.size() <= at) {
      if (!fill(deadline)) return std::nullopt;
      continue;
    }
    const auto byte = static_cast<std::uint8_t>(buffer_[at]);
    length |= static_cast<std::size_t>(byte & 0x7F) << 7 * (at - 1);
    ++at;
    if ((byte & 0x80) == 0) break;
    if (at > 4) throw Unexpected("remaining length of more than four bytes: " + to_hex(buffer_));
  }
  while (buffer_.size() < at + length) {
    if (!fill(deadline)) return std::nullopt;
  }
  Packet packet;
  packet.type = static_cast<Type>(static_cast<std::uint8_t>(buffer_[0]) >> 4);
  packet.flags = static_cast<std::uint8_t>(buffer_[0] & 0x0F);
  packet.body = buffer_.substr(at, length);
  packet.wire_size = at + length;
  buffer_.erase(0, at + length);
  return packet;
}

Packet RawClient::next(Millis limit, Where where) {
  std::optional<Packet> packet = poll(limit);
  if (!packet) {
    fail(where, closed_
                    ? "the broker closed the connection, a packet was expected; left over: " + to_hex(buffer_)
                    : "no packet within " + std::to_string(limit.count()) + " ms");
  }
  return *std::move(packet);
}

void RawClient::expect_bytes(std::string_view bytes, Where where) {
  const auto deadline = Clock::now() + kPatience;
  while (buffer_.size() < bytes.size() && fill(deadline)) {
  }
  if (buffer_.substr(0, bytes.size()) != bytes) {
    fail(where, "expected " + to_hex(bytes) + ", got " + to_hex(buffer_) + (closed_ ? " and a close" : ""));
  }
  buffer_.erase(0, bytes.size());
}

void RawClient::expect_close(Millis limit, Where where) {
  const auto deadline = Clock::now() + limit;
  while (buffer_.empty() && fill(deadline)) {
  }
  if (!buffer_.empty()) fail(where, "expected a close, got " + to_hex(buffer_));
  if (!closed_) fail(where, "the broker did not close within " + std::to_string(limit.count()) + " ms");
}

void RawClient::expect_silence(Millis duration, Where where) {
  const auto deadline = Clock::now() + duration;
  while (buffer_.empty() && fill(deadline)) {
  }
  if (!buffer_.empty()) fail(where, "expected silence, got " + to_hex(buffer_));
  if (closed_) fail(where, "expected silence, the broker closed");
}

bool RawClient::drain_until_closed(Millis limit) {
  const auto deadline = Clock::now() + limit;
  do {
    buffer_.clear();
  } while (fill(deadline));
  return closed_;
}

std::string RawClient::read_until_closed(Millis limit, Where where) {
  const auto deadline = Clock::now() + limit;
  while (fill(deadline)) {
  }
  if (!closed_) fail(where, "the broker did not close within " + std::to_string(limit.count()) + " ms");
  return std::exchange(buffer_, {});
}

void RawClient::finish_sending() {
  ::shutdown(fd_, SHUT_WR);
}

void RawClient::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

void RawClient::reset() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

}  // namespace hermod::support
