#include "net/entrance.h"

#include <sys/un.h>

#include <atomic>
#include <thread>
#include <vector>

#include "net/listener.h"
#include "net/open_listener.h"
#include "tests/integration/net/loop_test.h"
#include "tests/support/proxy_bytes.h"
#include "tests/support/temporary_folder.h"

namespace hermod::net {
namespace {

using namespace std::chrono_literals;
namespace proxy = support::proxy;

/// Keeps every connection it is given, and counts them for other threads.
class Keeper final : public AcceptHandler {
 public:
  void on_accepted(std::unique_ptr<Transport> transport, const ListenerOptions&) override {
    handlers.push_back(std::make_unique<RecordingHandler>());
    transport->set_handler(handlers.back().get());
    transports.push_back(std::move(transport));
    ++count;
  }
  std::vector<std::unique_ptr<RecordingHandler>> handlers;
  std::vector<std::unique_ptr<Transport>> transports;
  std::atomic<int> count{0};
};

class EntranceTest : public LoopTest {
 protected:
  /// Port 0 of 127.0.0.1, and this range of proxies.
  static net::ListenerOptions proxied(std::uint8_t last_byte = 1) {
    net::ListenerOptions options{.addresses = {{.host = "127.0.0.1", .port = 0}}};
    options.proxy.use = ProxyUse::Required;
    AddressRange range;
    range.first = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 127, 0, 0, last_byte};
    options.proxy.proxies.push_back(range);
    return options;
  }
  void listen(net::ListenerOptions options) {
    HandedSockets none({});
    auto opened = open_listener(options, 1, none);
    ASSERT_TRUE(opened) << opened.error().detail;
    entrance_ = std::make_unique<Entrance>(std::move(options));
    listener_ = std::make_unique<Listener>(loop_, std::move(opened->front().sockets.front()), options_,
                                           keeper_, *entrance_);
    ASSERT_TRUE(listener_->start());
  }
  Fd connect() { return connect_to(listener_->bound_port()); }
  /// A connection that sends this is closed, and counted as this.
  void expect_refused(std::string_view bytes, Counter counter) {
    const std::uint64_t before = counters_.get(counter);
    const std::uint64_t refused = counters_.get(Counter::ConnectionsRefused);
    const Fd peer = connect();
    send_all(peer, bytes);
    ASSERT_TRUE(tick_until([&] { return counters_.get(counter) == before + 1; }));
    EXPECT_EQ(counters_.get(Counter::ConnectionsRefused), refused + 1);
    EXPECT_TRUE(keeper_.transports.empty());
  }

  std::unique_ptr<Entrance> entrance_;
  Keeper keeper_;
  std::unique_ptr<Listener> listener_;
};

TEST_F(EntranceTest, EveryRefusalOfAProxyIsCountedByItsReason) {
  net::ListenerOptions options = proxied();
  options.proxy.timeout = 20ms;
  listen(options);
  expect_refused("\x10", Counter::ProxyFailedMissing);
  expect_refused("PROXY no\r\n", Counter::ProxyFailedMalformed);
  expect_refused("PROXY TCP4", Counter::ProxyFailedTimeout);
  const Fd gone = connect();
  ::shutdown(gone.get(), SHUT_WR);
  ASSERT_TRUE(tick_until([&] { return counters_.get(Counter::ProxyFailedClosed) == 1; }));
  EXPECT_EQ(counters_.get(Counter::ProxyHeaders), 0U);
}

TEST_F(EntranceTest, WhoIsNoProxyIsCountedToo) {
  listen(proxied(2));
  const Fd stranger = connect();
  ASSERT_TRUE(tick_until([&] { return counters_.get(Counter::ProxyFailedAddress) == 1; }));
  EXPECT_EQ(counters_.get(Counter::ConnectionsRefused), 1U);
}

TEST_F(EntranceTest, BytesBehindAHeaderAreTheTransports) {
  listen(proxied());
  const Fd peer = connect();
  send_all(peer, proxy::version2(0x21, 0x11, proxy::kIpv4Pair) + "hel");
  ASSERT_TRUE(tick_until([&] { return keeper_.transports.size() == 1; }));
  send_all(peer, "lo");
  ASSERT_TRUE(tick_until([&] { return keeper_.handlers[0]->received == "hello"; }));
  const Peer client = keeper_.transports[0]->peer();
  EXPECT_EQ(client.address, "192.0.2.7");
  EXPECT_EQ(client.port, 50000);
  EXPECT_EQ(client.proxy, "127.0.0.1");
  EXPECT_EQ(counters_.get(Counter::ProxyHeaders), 1U);
}

TEST_F(EntranceTest, AnUnfinishedHeaderDoesNotSpin) {
  listen(proxied());
  const Fd peer = connect();
  send_all(peer, "PROXY TCP4 ");
  for (int i = 0; i < 5; ++i) tick(5ms);
  const std::uint64_t events = loop_.statistics().events;
  for (int i = 0; i < 5; ++i) tick(1ms);
  EXPECT_EQ(loop_.statistics().events, events);
  EXPECT_TRUE(keeper_.transports.empty());
}

TEST_F(EntranceTest, APlaceIsGivenBackWithItsConnection) {
  net::ListenerOptions options{.addresses = {{.host = "127.0.0.1", .port = 0}}, .max_connections = 2};
  listen(options);
  const Fd first = connect();
  const Fd second = connect();
  ASSERT_TRUE(tick_until([&] { return keeper_.transports.size() == 2; }));
  const Fd third = connect();
  ASSERT_TRUE(tick_until([&] { return counters_.get(Counter::ConnectionsRefused) == 1; }));
  keeper_.transports.pop_back();
  const Fd fourth = connect();
  ASSERT_TRUE(tick_until([&] { return keeper_.count == 3; }));
  EXPECT_EQ(counters_.get(Counter::ConnectionsRefused), 1U);
}

TEST_F(EntranceTest, AListenersOwnSocketOptionsAreInherited) {
  net::ListenerOptions options{.addresses = {{.host = "127.0.0.1", .port = 0}}};
  options.socket.no_delay = false;
  options.socket.keep_alive_idle = 77s;
  options.socket.keep_alive_interval = 11s;
  options.socket.keep_alive_probes = 5;
  HandedSockets none({});
  const auto opened = open_listener(options, 2, none);
  ASSERT_TRUE(opened);
  for (const ListenSocket& socket : opened->front().sockets) {
    const auto option = [&](int level, int name) {
      int value = -1;
      socklen_t length = sizeof value;
      EXPECT_EQ(::getsockopt(socket.fd.get(), level, name, &value, &length), 0);
      return value;
    };
    EXPECT_EQ(option(IPPROTO_TCP, TCP_NODELAY), 0);
    EXPECT_EQ(option(SOL_SOCKET, SO_KEEPALIVE), 1);
    EXPECT_EQ(option(IPPROTO_TCP, TCP_KEEPIDLE), 77);
    EXPECT_EQ(option(IPPROTO_TCP, TCP_KEEPINTVL), 11);
    EXPECT_EQ(option(IPPROTO_TCP, TCP_KEEPCNT), 5);
  }
}

TEST_F(EntranceTest, AnyIpv6AddressTakesIpv4WhenToldTo) {
  listen({.addresses = {{.host = "::", .port = 0, .takes_ipv4 = true}}});
  const Fd by_ipv4 = connect();
  const Fd by_ipv6 = connect_to(listener_->bound_port(), "::1");
  ASSERT_TRUE(tick_until([&] { return keeper_.transports.size() == 2; }));
  EXPECT_EQ(keeper_.transports[0]->peer().address, "127.0.0.1");
}

/// One after the other, so that all shards wait when a client comes: without turns the kernel would wake the
/// same one each time.
TEST_F(EntranceTest, ShardsThatShareASocketTakeTurns) {
  const support::TemporaryFolder folder;
  const std::string path = folder.path() / "x.sock";
  HandedSockets none({});
  auto opened = open_listener({.addresses = {{.host = "", .port = 0, .path = path}}}, 2, none);
  ASSERT_TRUE(opened) << opened.error().detail;
  Entrance entrance{net::ListenerOptions{}};
  std::vector<Keeper> keepers(2);
  std::atomic<bool> stop{false};
  std::vector<std::thread> shards;
  for (std::size_t i = 0; i < 2; ++i) {
    shards.emplace_back([&, i] {
      EventLoop loop(clock_);
      Listener listener(loop, std::move(opened->front().sockets[i]), options_, keepers[i], entrance);
      EXPECT_TRUE(listener.start());
      while (!stop) loop.poll(10ms);
      keepers[i].transports.clear();
    });
  }
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  std::vector<Fd> peers;
  const auto accepted = [&] { return keepers[0].count + keepers[1].count; };
  const auto both_have_some = [&] { return keepers[0].count >= 3 && keepers[1].count >= 3; };
  while (!both_have_some() && peers.size() < 200) {
    peers.emplace_back(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(peers.back().get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_TRUE(wait_until([&] { return accepted() == static_cast<int>(peers.size()); }));
  }
  EXPECT_TRUE(both_have_some()) << keepers[0].count << " and " << keepers[1].count;
  stop = true;
  for (std::thread& shard : shards) shard.join();
}

}  // namespace
}  // namespace hermod::net
