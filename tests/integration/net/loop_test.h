#pragma once
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "base/counters.h"
#include "net/event_loop.h"
#include "net/socket.h"
#include "net/socket_address.h"
#include "net/tcp_transport.h"

namespace hermod::net {

/// Remembers what a transport told; tests hang actions on it.
class RecordingHandler final : public TransportHandler {
 public:
  void on_bytes(ReadBuffer& buffer) override {
    ++shown;
    EXPECT_FALSE(closed) << "bytes after the end";
    if (take) return take(buffer);
    received.append(as_text(buffer.bytes()));
    buffer.consume(buffer.bytes().size());
  }
  bool on_introduced() override { return comes_in; }
  void on_drained() override {
    ++drained;
    if (when_drained) when_drained();
  }
  void on_ending(CloseReason reason) override {
    EXPECT_FALSE(ending || closed) << "told twice";
    ending = reason;
  }
  void on_closed(CloseReason reason) override {
    EXPECT_FALSE(closed) << "closed twice";
    closed = reason;
    if (when_closed) when_closed();
  }

  std::string received;
  bool comes_in = true;
  int shown = 0;
  int drained = 0;
  std::optional<CloseReason> ending;
  std::optional<CloseReason> closed;
  std::function<void(ReadBuffer&)> take;  ///< instead of appending everything to `received`
  std::function<void()> when_drained;
  std::function<void()> when_closed;
};

/// A loop in the test's thread, and connections whose other end the test holds as a plain blocking socket.
class LoopTest : public testing::Test {
 protected:
  static constexpr std::chrono::seconds kPatience{20};

  void SetUp() override { ASSERT_TRUE(loop_.status()); }

  void tick(std::chrono::nanoseconds max_wait = std::chrono::nanoseconds(0)) {
    loop_.poll(max_wait);
    loop_.flush_pending();
  }

  /// Ticks until `done`; false when that takes longer than kPatience.
  bool tick_until(const std::function<bool()>& done) {
    const auto limit = std::chrono::steady_clock::now() + kPatience;
    while (!done()) {
      if (std::chrono::steady_clock::now() > limit) return false;
      tick(std::chrono::milliseconds(5));
    }
    return true;
  }

  /// Waits without ticking; false when it takes longer than kPatience.
  static bool wait_until(const std::function<bool()>& done) {
    const auto limit = std::chrono::steady_clock::now() + kPatience;
    while (!done()) {
      if (std::chrono::steady_clock::now() > limit) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
  }

  /// Bytes that the other side's kernel has not acknowledged.
  static int unsent_bytes(const Fd& fd) {
    int bytes = -1;
    EXPECT_EQ(::ioctl(fd.get(), SIOCOUTQ, &bytes), 0);
    return bytes;
  }

  /// Two ends of a loopback TCP connection: {ours, non-blocking; the peer's, blocking}. Buffer sizes come
  /// from options_.
  std::pair<Fd, Fd> connected_sockets() {
    auto listening = open_listen_sockets({.host = "127.0.0.1", .port = 0}, 1, options_);
    EXPECT_TRUE(listening) << listening.error().detail;
    Fd& socket = listening->front();
    EXPECT_EQ(::listen(socket.get(), 1), 0);
    Fd theirs = connect_to(local_port(socket.get()));
    pollfd ready{.fd = socket.get(), .events = POLLIN, .revents = 0};
    EXPECT_EQ(::poll(&ready, 1, -1), 1);
    Fd ours(::accept4(socket.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    EXPECT_TRUE(ours.valid());
    return {std::move(ours), std::move(theirs)};
  }

  static Fd connect_to(std::uint16_t port, const char* host = "127.0.0.1") {
    const SocketAddress address = SocketAddress::parse(host, port).value();
    sockaddr_storage raw;
    const socklen_t length = address.fill(raw);
    Fd fd(::socket(raw.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&raw), length) != 0) return Fd();
    return fd;
  }

  /// A transport that tells `handler`, and the peer's blocking end.
  std::pair<std::unique_ptr<Transport>, Fd> connected_transport(TransportHandler& handler) {
    auto [ours, theirs] = connected_sockets();
    auto transport =
        TcpTransport::open(loop_, std::move(ours), SocketAddress::parse("192.0.2.1", 7).value(), options_);
    EXPECT_TRUE(transport);
    (*transport)->set_handler(&handler);
    return {std::move(*transport), std::move(theirs)};
  }

  static void send_all(const Fd& fd, std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = ::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL);
      ASSERT_GT(sent, 0);
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  /// What is in the socket now, at most `most` bytes; nothing when it is empty, ended or broken.
  static std::string receive_now(const Fd& fd, std::size_t most = 1U << 20) {
    std::string text(most, '\0');
    const ssize_t received = ::recv(fd.get(), text.data(), text.size(), MSG_DONTWAIT);
    text.resize(received > 0 ? static_cast<std::size_t>(received) : 0);
    return text;
  }

  /// True when everything was read and the stream ended in order, false when it is open or broken.
  static bool at_end(const Fd& fd) {
    char byte;
    return ::recv(fd.get(), &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 0;
  }

  SystemClock clock_;
  CounterBlock counters_;
  Options options_;
  EventLoop loop_{clock_, &counters_};
};

}  // namespace hermod::net
