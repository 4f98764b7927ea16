#include <algorithm>
#include <vector>

#include "tests/integration/net/loop_test.h"

namespace hermod::net {
namespace {

using namespace std::chrono_literals;

class TcpRead : public LoopTest {};

/// Answers every byte with itself.
TEST_F(TcpRead, EchoesAMegabyte) {
  RecordingHandler handler;
  auto [transport, theirs] = connected_transport(handler);
  handler.take = [&, &out = *transport](ReadBuffer& buffer) {
    out.output().append(buffer.bytes());
    buffer.consume(buffer.bytes().size());
    out.request_flush();
  };
  std::string sent;
  for (int i = 0; sent.size() < (1U << 20); ++i) sent += std::to_string(i) + ",";
  std::string echoed;
  std::size_t offset = 0;
  ASSERT_TRUE(tick_until([&, &peer = theirs] {
    const std::string_view part = std::string_view(sent).substr(offset, 10'000);
    const ssize_t taken = ::send(peer.get(), part.data(), part.size(), MSG_DONTWAIT);
    if (taken > 0) offset += static_cast<std::size_t>(taken);
    echoed += receive_now(peer);
    return echoed.size() == sent.size();
  }));
  EXPECT_EQ(echoed, sent);
  EXPECT_EQ(counters_.get(Counter::BytesReceived), sent.size());
  EXPECT_EQ(counters_.get(Counter::BytesSent), sent.size());
}

TEST_F(TcpRead, OneReadableTakesOneRead) {
  RecordingHandler handler;
  auto [transport, theirs] = connected_transport(handler);
  send_all(theirs, "hello");
  ASSERT_TRUE(tick_until([&] { return !handler.received.empty(); }));
  EXPECT_EQ(loop_.statistics().reads, 1U);
  EXPECT_EQ(handler.shown, 1);
}

TEST_F(TcpRead, MoreThanTheScratchBufferArrivesOverSeveralPolls) {
  RecordingHandler handler;
  auto [transport, theirs] = connected_transport(handler);
  const std::string text(3 * EventLoop::kScratchSize, 'x');
  ASSERT_TRUE(tick_until([&, &peer = theirs, offset = std::size_t{0}]() mutable {
    const ssize_t sent = ::send(peer.get(), text.data() + offset, text.size() - offset, MSG_DONTWAIT);
    if (sent > 0) offset += static_cast<std::size_t>(sent);
    return handler.received.size() == text.size();
  }));
  EXPECT_GE(handler.shown, 3);
}

TEST_F(TcpRead, UnconsumedBytesAreShownAgainInFrontOfTheNext) {
  RecordingHandler handler;
  std::vector<std::string> shown;
  handler.take = [&](ReadBuffer& buffer) {
    shown.emplace_back(as_text(buffer.bytes()));
    buffer.consume(2);
  };
  auto [transport, theirs] = connected_transport(handler);
  send_all(theirs, "abcde");
  ASSERT_TRUE(tick_until([&] { return shown.size() == 1; }));
  EXPECT_EQ(transport->buffered_bytes(), 3U);
  send_all(theirs, "fg");
  ASSERT_TRUE(tick_until([&] { return shown.size() == 2; }));
  EXPECT_EQ(shown, (std::vector<std::string>{"abcde", "cdefg"}));
  EXPECT_EQ(transport->buffered_bytes(), 3U);
}

TEST_F(TcpRead, NothingIsShownWhilePausedAndEverythingAfterwards) {
  RecordingHandler handler;
  auto [transport, theirs] = connected_transport(handler);
  transport->pause_reading(true);
  send_all(theirs, "later");
  for (int i = 0; i < 5; ++i) tick(2ms);
  EXPECT_EQ(handler.shown, 0);
  transport->pause_reading(false);
  EXPECT_EQ(handler.shown, 0) << "on_bytes() inside pause_reading()";
  ASSERT_TRUE(tick_until([&] { return handler.received == "later"; }));
}

TEST_F(TcpRead, PausedTransportWithWaitingBytesLetsTheLoopSleep) {
  RecordingHandler handler;
  auto [transport, theirs] = connected_transport(handler);
  transport->pause_reading(true);
  send_all(theirs, "later");
  ASSERT_TRUE(tick_until([&] { return loop_.statistics().events == 1; }));
  EXPECT_EQ(loop_.poll(30ms), 0U);
  EXPECT_EQ(loop_.statistics().events, 1U);
}

TEST_F(TcpRead, BytesLeftAtThePauseAreShownAgainWithoutNewOnes) {
  RecordingHandler handler;
  auto [transport, theirs] = connected_transport(handler);
  Transport& ours = *transport;
  std::string taken;
  handler.take = [&](ReadBuffer& buffer) {
    taken.append(as_text(buffer.bytes().first(1)));
    buffer.consume(1);
    ours.pause_reading(true);
  };
  send_all(theirs, "abc");
  ASSERT_TRUE(tick_until([&] { return taken == "a"; }));
  EXPECT_EQ(ours.buffered_bytes(), 2U);
  ours.pause_reading(false);
  loop_.poll(EventLoop::kForever);
  EXPECT_EQ(taken, "ab");
  for (int i = 0; i < 3; ++i) tick(1ms);
  EXPECT_EQ(taken, "ab");
  ours.pause_reading(false);
  ASSERT_TRUE(tick_until([&] { return taken == "abc"; }));
  EXPECT_EQ(ours.buffered_bytes(), 0U);
}

// Whoever is paused again and again, and sends as fast as it can, makes us hold a packet and one read.
TEST_F(TcpRead, WhatAPausedTransportHoldsIsBoundedByOnePacketAndOneRead) {
  constexpr std::size_t kPacket = 100'000;
  RecordingHandler handler;
  auto [transport, theirs] = connected_transport(handler);
  Transport& ours = *transport;
  std::size_t taken = 0;
  std::size_t most = 0;
  handler.take = [&](ReadBuffer& buffer) {
    most = std::max(most, buffer.bytes().size());
    if (buffer.bytes().size() < kPacket) return;
    buffer.consume(kPacket);
    taken += kPacket;
    ours.pause_reading(true);
  };
  const std::string text(10 * kPacket, 'x');
  ASSERT_TRUE(tick_until([&, &peer = theirs, offset = std::size_t{0}]() mutable {
    const ssize_t sent = ::send(peer.get(), text.data() + offset, text.size() - offset, MSG_DONTWAIT);
    if (sent > 0) offset += static_cast<std::size_t>(sent);
    for (int i = 0; i < 5; ++i) tick();
    most = std::max(most, ours.buffered_bytes());
    ours.pause_reading(false);
    return taken == text.size();
  }));
  EXPECT_LE(most, kPacket + EventLoop::kScratchSize);
}

TEST_F(TcpRead, T35_BytesInFrontOfTheEndOfStreamAreAllProcessed) {
  RecordingHandler handler;
  auto [transport, theirs] = connected_transport(handler);
  const std::string text(200'000, 'p');
  ASSERT_NO_FATAL_FAILURE(send_all(theirs, text));
  theirs.reset();
  ASSERT_TRUE(tick_until([&] { return handler.closed.has_value(); }));
  EXPECT_EQ(handler.received.size(), text.size());
  EXPECT_EQ(handler.closed, CloseReason::PeerClosed);
}

TEST_F(TcpRead, T35_BytesLeftAtAPauseAreProcessedInFrontOfTheEndOfStream) {
  RecordingHandler handler;
  auto [transport, theirs] = connected_transport(handler);
  Transport& ours = *transport;
  handler.take = [&](ReadBuffer& buffer) {
    handler.received.append(as_text(buffer.bytes().first(1)));
    buffer.consume(1);
    if (!buffer.bytes().empty()) ours.pause_reading(true);
  };
  send_all(theirs, "abc");
  theirs.reset();
  ASSERT_TRUE(tick_until([&] {
    ours.pause_reading(false);
    return handler.closed.has_value();
  }));
  EXPECT_EQ(handler.received, "abc");
  EXPECT_EQ(handler.closed, CloseReason::PeerClosed);
}

TEST_F(TcpRead, T35_BytesThatArrivedAreProcessedEvenWhenAnswersMeetAClosedPeer) {
  options_.receive_buffer = 1 << 20;  // all of it arrives before the peer is gone
  RecordingHandler handler;
  auto [transport, theirs] = connected_transport(handler);
  Transport& ours = *transport;
  // Every 64 KiB is answered, and the closed peer answers that with a reset.
  handler.take = [&](ReadBuffer& buffer) {
    handler.received.append(as_text(buffer.bytes()));
    buffer.consume(buffer.bytes().size());
    ours.output().append(as_bytes("acknowledged"));
    ours.request_flush();
  };
  const std::string text(300'000, 'p');
  ASSERT_NO_FATAL_FAILURE(send_all(theirs, text));
  ASSERT_TRUE(wait_until([&, &peer = theirs] { return unsent_bytes(peer) == 0; }));
  theirs.reset();
  ASSERT_TRUE(tick_until([&] { return handler.closed.has_value(); }));
  EXPECT_EQ(handler.received.size(), text.size());
  EXPECT_EQ(handler.closed, CloseReason::PeerReset);
}

TEST_F(TcpRead, T35_HalfClosedPeerStillGetsTheAnswer) {
  RecordingHandler handler;
  auto [transport, theirs] = connected_transport(handler);
  Transport& ours = *transport;
  handler.take = [&](ReadBuffer& buffer) {
    buffer.consume(buffer.bytes().size());
    ours.output().append(as_bytes("answer"));
    ours.request_flush();
  };
  send_all(theirs, "question");
  ASSERT_EQ(::shutdown(theirs.get(), SHUT_WR), 0);
  while (!handler.closed) loop_.poll(1s);  // the end is read before the end of the tick
  EXPECT_EQ(receive_now(theirs), "answer");
  EXPECT_TRUE(at_end(theirs));
}

void reset_by_peer(Fd& fd) {
  const linger abort{.l_onoff = 1, .l_linger = 0};
  ASSERT_EQ(::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &abort, sizeof abort), 0);
  fd.reset();
}

TEST_F(TcpRead, ResetIsReportedAsSuch) {
  RecordingHandler handler;
  auto [transport, theirs] = connected_transport(handler);
  reset_by_peer(theirs);
  ASSERT_TRUE(tick_until([&] { return handler.closed.has_value(); }));
  EXPECT_EQ(handler.closed, CloseReason::PeerReset);
}

TEST_F(TcpRead, BytesInFrontOfAResetAreProcessed) {
  RecordingHandler handler;
  auto [transport, theirs] = connected_transport(handler);
  send_all(theirs, "last words");
  reset_by_peer(theirs);
  ASSERT_TRUE(tick_until([&] { return handler.closed.has_value(); }));
  EXPECT_EQ(handler.received, "last words");
  EXPECT_EQ(handler.closed, CloseReason::PeerReset);
}

TEST_F(TcpRead, ResetWhilePausedDoesNotSpinAndIsReportedAfterTheRest) {
  RecordingHandler handler;
  auto [transport, theirs] = connected_transport(handler);
  transport->pause_reading(true);
  send_all(theirs, "last words");
  reset_by_peer(theirs);
  for (int i = 0; i < 5; ++i) tick(5ms);
  EXPECT_LE(loop_.statistics().events, 3U);
  EXPECT_EQ(loop_.poll(20ms), 0U);
  EXPECT_FALSE(handler.closed);
  transport->pause_reading(false);
  ASSERT_TRUE(tick_until([&] { return handler.closed.has_value(); }));
  EXPECT_EQ(handler.received, "last words");
  EXPECT_EQ(handler.closed, CloseReason::PeerReset);
}

TEST_F(TcpRead, TransportMayBeDestroyedInsideOnClosed) {
  RecordingHandler handler;
  auto [transport, theirs] = connected_transport(handler);
  handler.when_closed = [&, &owner = transport] { owner.reset(); };
  theirs.reset();
  ASSERT_TRUE(tick_until([&] { return handler.closed.has_value(); }));
  EXPECT_EQ(transport, nullptr);
}

TEST_F(TcpRead, TransportDestroyedByTheHandlerOfAnotherOfTheSamePollIsNotTouched) {
  constexpr std::size_t kMany = 10;
  struct Connection {
    RecordingHandler handler;
    std::unique_ptr<Transport> transport;
    Fd theirs;
  };
  std::vector<Connection> connections(kMany);
  int survivors_shown = 0;
  for (Connection& connection : connections) {
    auto [transport, theirs] = connected_transport(connection.handler);
    connection.transport = std::move(transport);
    connection.theirs = std::move(theirs);
    connection.handler.take = [&](ReadBuffer& buffer) {
      buffer.consume(buffer.bytes().size());
      ++survivors_shown;
      for (Connection& other : connections) {
        if (&other == &connection || !other.transport) continue;
        other.transport->output().append(as_bytes("x"));
        other.transport->request_flush();
        other.transport.reset();
      }
    };
  }
  for (Connection& connection : connections) send_all(connection.theirs, "now");
  ASSERT_TRUE(tick_until([&] { return survivors_shown > 0; }));
  for (int i = 0; i < 5; ++i) tick(1ms);
  EXPECT_EQ(survivors_shown, 1);
}

TEST_F(TcpRead, PeerIsShownNumerically) {
  RecordingHandler handler;
  auto [transport, theirs] = connected_transport(handler);
  EXPECT_EQ(transport->peer().address, "192.0.2.1");
  EXPECT_EQ(transport->peer().port, 7);
}

TEST_F(TcpRead, IdleTransportIsSmallAndOwnsNoBuffer) {
  EXPECT_LE(sizeof(TcpTransport), sizeof(Transport) + 200);
  RecordingHandler handler;
  auto [transport, theirs] = connected_transport(handler);
  send_all(theirs, "packet");
  ASSERT_TRUE(tick_until([&] { return handler.received == "packet"; }));
  EXPECT_EQ(transport->buffered_bytes(), 0U);
}

}  // namespace
}  // namespace hermod::net
