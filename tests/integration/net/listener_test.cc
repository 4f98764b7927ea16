#include "net/listener.h"

#include <fcntl.h>
#include <sys/resource.h>

#include <algorithm>
#include <vector>

#include "base/log.h"
#include "tests/integration/net/loop_test.h"

namespace hermod::net {
namespace {

using namespace std::chrono_literals;

/// Keeps every accepted connection.
class Collector final : public AcceptHandler {
 public:
  void on_accepted(std::unique_ptr<Transport> transport, const ListenerOptions&) override {
    handlers.push_back(std::make_unique<RecordingHandler>());
    transport->set_handler(handlers.back().get());
    transports.push_back(std::move(transport));
    if (when_accepted) when_accepted();
  }
  std::vector<std::unique_ptr<RecordingHandler>> handlers;
  std::vector<std::unique_ptr<Transport>> transports;
  std::function<void()> when_accepted;
};

class ListenerTest : public LoopTest {
 protected:
  std::unique_ptr<Listener> listening(const ListenAddress& address = {.host = "127.0.0.1", .port = 0}) {
    auto sockets = open_listen_sockets(address, 1, options_);
    EXPECT_TRUE(sockets) << sockets.error().detail;
    auto listener =
        std::make_unique<Listener>(loop_, std::move(sockets->front()), options_, collector_, entrance_);
    const Status started = listener->start();
    EXPECT_TRUE(started) << started.error().detail;
    return listener;
  }

  static std::vector<Fd> connect_many(std::size_t count, std::uint16_t port) {
    std::vector<Fd> peers(count);
    for (Fd& peer : peers) peer = connect_to(port);
    return peers;
  }

  Entrance entrance_{ListenerOptions{}};
  Collector collector_;
};

TEST_F(ListenerTest, HandsOverConnectionsThatTalk) {
  auto listener = listening();
  const Fd peer = connect_to(listener->bound_port());
  send_all(peer, "hello");
  ASSERT_TRUE(tick_until([&] { return collector_.transports.size() == 1; }));
  ASSERT_TRUE(tick_until([&] { return collector_.handlers[0]->received == "hello"; }));
  EXPECT_EQ(collector_.transports[0]->peer().address, "127.0.0.1");
  EXPECT_EQ(collector_.transports[0]->peer().port, local_port(peer.get()));
}

TEST_F(ListenerTest, StarMeansBothFamiliesAndShowsIpv4PeersAsSuch) {
  auto listener = listening({.host = "*", .port = 0});
  const Fd by_ipv4 = connect_to(listener->bound_port());
  const Fd by_ipv6 = connect_to(listener->bound_port(), "::1");
  ASSERT_TRUE(tick_until([&] { return collector_.transports.size() == 2; }));
  EXPECT_EQ(collector_.transports[0]->peer().address, "127.0.0.1");
  EXPECT_EQ(collector_.transports[1]->peer().address, "::1");
}

TEST_F(ListenerTest, Ipv6ListenerLeavesIpv4OfThePortAlone) {
  auto ipv6 = listening({.host = "::", .port = 0});
  auto ipv4 = listening({.host = "0.0.0.0", .port = ipv6->bound_port()});
  EXPECT_EQ(ipv4->bound_port(), ipv6->bound_port());
}

int option_of(const Fd& fd, int level, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  EXPECT_EQ(::getsockopt(fd.get(), level, name, &value, &length), 0);
  return value;
}

TEST_F(ListenerTest, AcceptedSocketsInheritTheOptions) {
  options_.keep_alive_idle = 77s;
  options_.receive_buffer = 50'000;
  const auto [ours, theirs] = connected_sockets();
  EXPECT_EQ(option_of(ours, IPPROTO_TCP, TCP_NODELAY), 1);
  EXPECT_EQ(option_of(ours, SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(option_of(ours, IPPROTO_TCP, TCP_KEEPIDLE), 77);
  EXPECT_EQ(option_of(ours, SOL_SOCKET, SO_RCVBUF), 100'000);  // the kernel doubles it
}

TEST_F(ListenerTest, ASilentPeerIsProbedUnlessSwitchedOff) {
  {
    const auto [ours, theirs] = connected_sockets();
    EXPECT_EQ(option_of(ours, SOL_SOCKET, SO_KEEPALIVE), 1);
    EXPECT_EQ(option_of(ours, IPPROTO_TCP, TCP_KEEPIDLE), 600);
    EXPECT_EQ(option_of(ours, IPPROTO_TCP, TCP_KEEPINTVL), 30);
    EXPECT_EQ(option_of(ours, IPPROTO_TCP, TCP_KEEPCNT), 3);
  }
  options_.keep_alive_idle = 0s;
  const auto [ours, theirs] = connected_sockets();
  EXPECT_EQ(option_of(ours, SOL_SOCKET, SO_KEEPALIVE), 0);
}

TEST_F(ListenerTest, AThousandConnectionsTalk) {
  constexpr std::size_t kMany = 1'000;
  auto listener = listening();
  std::vector<Fd> peers;
  ASSERT_TRUE(tick_until([&] {
    for (int i = 0; i < 50 && peers.size() < kMany; ++i) {
      peers.push_back(connect_to(listener->bound_port()));
      EXPECT_TRUE(peers.back().valid());
      send_all(peers.back(), std::to_string(peers.size()));
    }
    return collector_.transports.size() == kMany;
  }));
  std::size_t echoes = 0;
  for (std::size_t i = 0; i < kMany; ++i) {
    ASSERT_TRUE(tick_until([&] { return !collector_.handlers[i]->received.empty(); }));
    collector_.transports[i]->output().append(as_bytes(collector_.handlers[i]->received));
    collector_.transports[i]->request_flush();
  }
  tick();
  for (std::size_t i = 0; i < kMany; ++i) echoes += receive_now(peers[i], 10) == std::to_string(i + 1);
  EXPECT_EQ(echoes, kMany);
  peers.clear();
  ASSERT_TRUE(tick_until([&] {
    return std::all_of(collector_.handlers.begin(), collector_.handlers.end(),
                       [](const auto& handler) { return handler->closed.has_value(); });
  }));
}

TEST_F(ListenerTest, OneReadinessAcceptsABoundedBatch) {
  options_.accept_batch = 3;
  auto listener = listening();
  const std::vector<Fd> peers = connect_many(7, listener->bound_port());
  for (const std::size_t expected : {3U, 6U, 7U}) {
    loop_.poll(1s);
    EXPECT_EQ(collector_.transports.size(), expected);
  }
}

TEST_F(ListenerTest, SocketsOfOneAddressShareThePortThatTheFirstWasGiven) {
  auto sockets = open_listen_sockets({.host = "127.0.0.1", .port = 0}, 4, options_);
  ASSERT_TRUE(sockets) << sockets.error().detail;
  std::vector<std::unique_ptr<Listener>> listeners;
  std::vector<Collector> collectors(4);
  for (std::size_t i = 0; i < 4; ++i) {
    listeners.push_back(
        std::make_unique<Listener>(loop_, std::move((*sockets)[i]), options_, collectors[i], entrance_));
    ASSERT_TRUE(listeners.back()->start());
    EXPECT_EQ(listeners.back()->bound_port(), listeners.front()->bound_port());
  }
  const std::vector<Fd> peers = connect_many(200, listeners.front()->bound_port());
  const auto accepted = [&] {
    std::size_t sum = 0;
    for (const Collector& each : collectors) sum += each.transports.size();
    return sum;
  };
  ASSERT_TRUE(tick_until([&] { return accepted() == 200; }));
  // With 200 connections, a listener without any would be a chance of 10^-25.
  for (const Collector& each : collectors) EXPECT_GT(each.transports.size(), 0U);
}

TEST_F(ListenerTest, SecondBrokerOnAnAddressIsAnErrorThatNamesIt) {
  auto listener = listening();
  const std::string address = "127.0.0.1:" + std::to_string(listener->bound_port());
  for (const std::size_t shards : {1U, 2U}) {
    const auto second =
        open_listen_sockets({.host = "127.0.0.1", .port = listener->bound_port()}, shards, options_);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Errc::Busy);
    EXPECT_EQ(second.error().detail, "cannot listen on " + address +
                                         ": Address already in use; is another broker running? Stop it or "
                                         "choose another port");
  }
}

TEST_F(ListenerTest, SecondBrokerIsAnErrorAlsoWhenTheFirstHasManyShards) {
  auto sockets = open_listen_sockets({.host = "127.0.0.1", .port = 0}, 2, options_);
  ASSERT_TRUE(sockets);
  Listener first(loop_, std::move((*sockets)[0]), options_, collector_, entrance_);
  Listener second(loop_, std::move((*sockets)[1]), options_, collector_, entrance_);
  ASSERT_TRUE(first.start());
  ASSERT_TRUE(second.start());
  EXPECT_FALSE(open_listen_sockets({.host = "127.0.0.1", .port = first.bound_port()}, 2, options_));
}

TEST_F(ListenerTest, BrokersThatBindAtTheSameMomentCannotBothListen) {
  auto one = open_listen_sockets({.host = "127.0.0.1", .port = 0}, 1, options_);
  ASSERT_TRUE(one);
  auto two = open_listen_sockets({.host = "127.0.0.1", .port = local_port(one->front().get())}, 1, options_);
  if (!two) return;  // refused even earlier
  Listener first(loop_, std::move(one->front()), options_, collector_, entrance_);
  Listener second(loop_, std::move(two->front()), options_, collector_, entrance_);
  EXPECT_TRUE(first.start());
  const Status started = second.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, Errc::Busy);
}

TEST_F(ListenerTest, ForeignAddressIsAnErrorThatNamesIt) {
  const auto sockets = open_listen_sockets({.host = "192.0.2.1", .port = 1883}, 1, options_);
  ASSERT_FALSE(sockets);
  EXPECT_NE(sockets.error().detail.find("192.0.2.1:1883"), std::string::npos) << sockets.error().detail;
  EXPECT_NE(sockets.error().detail.find("no interface of this machine"), std::string::npos);
}

TEST_F(ListenerTest, StoppedListenerRefusesConnectionsAndGivesItsPortBack) {
  auto listener = listening();
  const std::uint16_t port = listener->bound_port();
  listener->stop();
  listener->stop();
  EXPECT_EQ(listener->bound_port(), 0);
  EXPECT_FALSE(connect_to(port).valid());
  EXPECT_TRUE(open_listen_sockets({.host = "127.0.0.1", .port = port}, 1, options_));
}

TEST_F(ListenerTest, MayBeStoppedInsideOnAccepted) {
  auto listener = listening();
  collector_.when_accepted = [&] { listener->stop(); };
  const Fd first = connect_to(listener->bound_port());
  const Fd second = connect_to(listener->bound_port());
  ASSERT_TRUE(tick_until([&] { return collector_.transports.size() == 1; }));
  for (int i = 0; i < 3; ++i) tick(1ms);
  EXPECT_EQ(collector_.transports.size(), 1U);
}

/// Lowers the limit of descriptors to what is in use, for one scope.
class NoDescriptorsLeft {
 public:
  NoDescriptorsLeft() {
    EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &before_), 0);
    const Fd next(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    rlimit lowered = before_;
    lowered.rlim_cur = static_cast<rlim_t>(next.get());
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &lowered), 0);
  }
  NoDescriptorsLeft(const NoDescriptorsLeft&) = delete;
  NoDescriptorsLeft& operator=(const NoDescriptorsLeft&) = delete;
  ~NoDescriptorsLeft() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

TEST_F(ListenerTest, OutOfDescriptorsItRefusesRestsAndGoesOn) {
  options_.accept_pause = 50ms;
  auto listener = listening();
  const Fd served = connect_to(listener->bound_port());
  ASSERT_TRUE(tick_until([&] { return collector_.transports.size() == 1; }));

  const std::vector<Fd> peers = connect_many(3, listener->bound_port());
  // The undefined-behaviour sanitizer needs descriptors the first time it sees a class, so log once before.
  log::event(log::Level::Error, "listener.test", {{"port", listener->bound_port()}, {"reason", "rehearsal"}});
  {
    const NoDescriptorsLeft no_descriptors_left;
    loop_.poll(1s);
  }
  EXPECT_EQ(collector_.transports.size(), 1U);
  for (const Fd& peer : peers) EXPECT_TRUE(at_end(peer)) << "refused at once, not left in the backlog";
  EXPECT_EQ(counters_.get(Counter::ConnectionsRefused), 3U);

  // It rests: one event, the one of the connection that is still served.
  const Fd late = connect_to(listener->bound_port());
  send_all(served, "hello");
  const std::uint64_t events = loop_.statistics().events;
  loop_.poll(20ms);
  EXPECT_EQ(collector_.handlers[0]->received, "hello");
  EXPECT_EQ(loop_.statistics().events, events + 1);
  EXPECT_EQ(collector_.transports.size(), 1U);

  send_all(late, "welcome");
  ASSERT_TRUE(tick_until([&] { return collector_.transports.size() == 2; }));
  ASSERT_TRUE(tick_until([&] { return collector_.handlers[1]->received == "welcome"; }));
}

TEST_F(ListenerTest, OutOfDescriptorsForLongItRefusesInEveryRound) {
  options_.accept_pause = 1ms;
  options_.accept_batch = 2;
  auto listener = listening();
  const std::vector<Fd> peers = connect_many(5, listener->bound_port());
  log::event(log::Level::Error, "listener.test", {{"port", listener->bound_port()}, {"reason", "rehearsal"}});
  for (const std::uint64_t refused : {2U, 4U, 5U}) {
    {
      const NoDescriptorsLeft no_descriptors_left;
      loop_.poll(1s);
    }
    EXPECT_EQ(counters_.get(Counter::ConnectionsRefused), refused);
    while (loop_.timers().next_due()) loop_.poll(1s);  // until the rest is over, and no further
  }
  EXPECT_TRUE(collector_.transports.empty());
}

}  // namespace
}  // namespace hermod::net
