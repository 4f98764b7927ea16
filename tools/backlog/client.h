#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <type_traits>
#include <utility>

namespace hermod::backlog {

struct Plan {
  int port = 1883;
  int sessions = 100;
  std::uint32_t messages = 100'000;  ///< for each session
  std::size_t payload = 64;
  bool own_topics = false;  ///< a topic for each session instead of one for all
  int qos = 1;
  int after = 20;                 ///< seconds until the first delayed message is due,
  int over = 1;                   ///< and from then on until the last
  std::string queue = "backlog";  ///< named; what visit() takes from has the number of its session behind it
};

[[noreturn]] inline void die(const std::string& why) {
  std::fprintf(stderr, "hermod-backlog: %s\n", why.c_str());
  std::exit(1);
}

inline void put16(std::string& out, std::size_t value) {
  out += static_cast<char>(value >> 8);
  out += static_cast<char>(value);
}

inline std::string packet(unsigned first, const std::string& body) {
  std::string out(1, static_cast<char>(first));
  std::size_t left = body.size();
  do {
    const std::size_t digit = left % 128;
    left /= 128;
    out += static_cast<char>(left > 0 ? digit | 128 : digit);
  } while (left > 0);
  return out + body;
}

inline std::string text(const std::string& value) {
  std::string out;
  put16(out, value.size());
  return out + value;
}

inline std::uint32_t number_at(const char* data) {
  std::uint32_t value = 0;
  std::memcpy(&value, data, sizeof value);
  return value;
}

/// One MQTT 3.1.1 connection over a blocking socket.
class Client {
 public:
  /// Without `must` it may not be connected behind this.
  Client(const Plan& plan, const std::string& id, bool clean, bool must = true) {
    socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(plan.port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    is_connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    if (!is_connected_ && must) die("cannot connect");
    if (!is_connected_) return;
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const timeval patience{60, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    std::string body = text("MQTT");
    body += '\4';
    body += static_cast<char>(clean ? 2 : 0);
    put16(body, 0);
    is_connected_ = send_if_there(packet(0x10, body + text(id)));
  }
  ~Client() { ::close(socket_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  int socket() const { return socket_; }
  bool is_connected() const { return is_connected_; }
  void send(const std::string& bytes) {
    if (!send_if_there(bytes)) die("the broker closed a connection");
  }
  /// False: the connection is gone.
  bool send_if_there(const std::string& bytes) {
    for (std::size_t at = 0; at < bytes.size();) {
      const ssize_t sent = ::send(socket_, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
      if (sent <= 0) return false;
      at += static_cast<std::size_t>(sent);
    }
    return true;
  }
  /// Waits for bytes and calls visit(first byte, body, size) for each whole packet.
  template <class Visit>
  void receive(Visit visit) {
    if (!receive_if_there(visit)) die("the broker closed a connection");
  }
  /// False: the connection is gone. A visit that gives true has seen enough: what is behind it comes next.
  template <class Visit>
  bool receive_if_there(Visit visit) {
    if (!std::exchange(is_more_, false)) {
      char chunk[65536];
      const ssize_t got = ::recv(socket_, chunk, sizeof chunk, 0);
      if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) die("nothing comes any more");
      if (got <= 0) return false;
      in_.append(chunk, static_cast<std::size_t>(got));
    }
    std::size_t at = 0;
    for (;;) {
      std::size_t size = 0;
      std::size_t head = at + 1;
      bool whole = false;
      for (unsigned shift = 0; head < in_.size(); shift += 7) {
        const auto digit = static_cast<unsigned char>(in_[head++]);
        size |= std::size_t{digit & 127U} << shift;
        if (digit < 128) {
          whole = head + size <= in_.size();
          break;
        }
      }
      if (!whole) break;
      const auto first = static_cast<unsigned char>(in_[at]);
      at = head + size;
      if constexpr (std::is_same_v<decltype(visit(first, in_.data(), size)), bool>)
        is_more_ = visit(first, in_.data() + head, size);
      else
        visit(first, in_.data() + head, size);
      if (is_more_) break;
    }
    in_.erase(0, at);
    return true;
  }
  /// Waits for one packet of this type.
  void await(unsigned type) {
    if (!await_if_there(type)) die("the broker closed a connection");
  }
  bool await_if_there(unsigned type) {
    for (bool come = false; !come;) {
      const bool is_there = receive_if_there(
          [&](unsigned first, const char*, std::size_t) { return come = first >> 4 == type; });
      if (!is_there) return false;
    }
    return true;
  }

 private:
  int socket_ = -1;
  bool is_connected_ = false;
  std::string in_;
  bool is_more_ = false;  ///< in in_, maybe
};

inline std::string topic_of(const Plan& plan, int session) {
  return plan.own_topics ? "backlog/" + std::to_string(session) : "backlog";
}

}  // namespace hermod::backlog
