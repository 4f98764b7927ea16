#include "tests/integration/net/loop_test.h"

namespace hermod::net {
namespace {

using namespace std::chrono_literals;

class TcpClose : public LoopTest {};

TEST_F(TcpClose, FlushesTheAnswerThenEndsTheStream) {
  RecordingHandler handler;
  auto [transport, theirs] = connected_transport(handler);
  transport->output().append(as_bytes("goodbye"));
  transport->close(CloseReason::ByBroker);
  EXPECT_FALSE(handler.closed) << "on_closed() inside close()";
  tick();
  EXPECT_EQ(receive_now(theirs), "goodbye");
  EXPECT_TRUE(at_end(theirs));
  EXPECT_FALSE(handler.closed) << "the peer has not ended its side yet";
  theirs.reset();
  ASSERT_TRUE(tick_until([&] { return handler.closed.has_value(); }));
  EXPECT_EQ(handler.closed, CloseReason::ByBroker);
}

TEST_F(TcpClose, OnlyTheFirstReasonCounts) {
  RecordingHandler handler;
  auto [transport, theirs] = connected_transport(handler);
  transport->close(CloseReason::Shutdown);
  transport->close(CloseReason::ByBroker);
  theirs.reset();
  ASSERT_TRUE(tick_until([&] { return handler.closed.has_value(); }));
  EXPECT_EQ(handler.closed, CloseReason::Shutdown);
}

/// Unread input makes the kernel answer a close with a reset, which would destroy the answer on the peer's
/// side.
TEST_F(TcpClose, AnswerSurvivesInputThatNobodyReads) {
  RecordingHandler handler;
  auto [transport, theirs] = connected_transport(handler);
  transport->pause_reading(true);
  for (int i = 0; i < 50; ++i) {
    send_all(theirs, std::string(1'000, 'i'));
    if (i == 25) {
      transport->output().append(as_bytes("goodbye"));
      transport->close(CloseReason::ByBroker);
    }
    tick();
  }
  EXPECT_EQ(receive_now(theirs), "goodbye");
  EXPECT_TRUE(at_end(theirs));
  EXPECT_EQ(handler.shown, 0);
  theirs.reset();
  ASSERT_TRUE(tick_until([&] { return handler.closed.has_value(); }));
}

TEST_F(TcpClose, ShowsNothingMoreAfterCloseInsideOnBytes) {
  RecordingHandler handler;
  auto [transport, theirs] = connected_transport(handler);
  Transport& ours = *transport;
  handler.take = [&](ReadBuffer& buffer) {
    buffer.consume(1);
    ours.output().append(as_bytes("no"));
    ours.close(CloseReason::ByBroker);
    EXPECT_EQ(as_text(buffer.bytes()), "bc") << "views must stay valid during the call";
  };
  send_all(theirs, "abc");
  ASSERT_TRUE(tick_until([&] { return handler.shown == 1; }));
  EXPECT_EQ(ours.buffered_bytes(), 0U);
  send_all(theirs, "def");
  for (int i = 0; i < 5; ++i) tick(1ms);
  EXPECT_EQ(handler.shown, 1);
  EXPECT_EQ(receive_now(theirs), "no");
}

TEST_F(TcpClose, KeepsWritingWhileThePeerReadsSlowly) {
  options_.send_buffer = 1;
  options_.receive_buffer = 1;
  RecordingHandler handler;
  auto [transport, theirs] = connected_transport(handler);
  const std::string text(100'000, 'l');
  transport->output().append(as_bytes(text));
  transport->close(CloseReason::ByBroker);
  std::string received;
  ASSERT_TRUE(tick_until([&, &peer = theirs] {
    received += receive_now(peer, 5'000);
    return at_end(peer);
  }));
  EXPECT_EQ(received, text);
  theirs.reset();
  ASSERT_TRUE(tick_until([&] { return handler.closed.has_value(); }));
}

TEST_F(TcpClose, PeerThatTakesNothingIsDroppedAfterTheTimeForClosing) {
  options_.close_time = 50ms;
  options_.send_buffer = 1;
  RecordingHandler handler;
  auto [transport, theirs] = connected_transport(handler);
  transport->output().append(as_bytes(std::string(8 << 20, 'l')));
  const auto before = std::chrono::steady_clock::now();
  transport->close(CloseReason::ByBroker);
  ASSERT_TRUE(tick_until([&] { return handler.closed.has_value(); }));
  EXPECT_GE(std::chrono::steady_clock::now() - before, 45ms);
  EXPECT_EQ(handler.closed, CloseReason::ByBroker);
  // A reset, not an end of stream that would pass a cut answer off as a whole one.
  std::string rest(64 << 10, '\0');
  ssize_t received = 0;
  do {
    received = ::recv(theirs.get(), rest.data(), rest.size(), MSG_DONTWAIT);
  } while (received > 0);
  EXPECT_EQ(received, -1);
  EXPECT_EQ(errno, ECONNRESET);
}

TEST_F(TcpClose, PeerThatNeverEndsItsSideIsDroppedAfterTheTimeForClosing) {
  options_.close_time = 50ms;
  RecordingHandler handler;
  auto [transport, theirs] = connected_transport(handler);
  transport->close(CloseReason::ByBroker);
  tick();
  EXPECT_FALSE(handler.closed);
  ASSERT_TRUE(tick_until([&] { return handler.closed.has_value(); }));
  EXPECT_EQ(handler.closed, CloseReason::ByBroker);
}

TEST_F(TcpClose, WaitingForThePeerCostsNoWakeups) {
  RecordingHandler handler;
  auto [transport, theirs] = connected_transport(handler);
  transport->close(CloseReason::ByBroker);
  for (int i = 0; i < 3; ++i) tick();
  EXPECT_EQ(loop_.poll(50ms), 0U);
}

TEST_F(TcpClose, HalfClosedPeerThatStopsReadingDoesNotSpin) {
  options_.send_buffer = 1;
  options_.close_time = 10min;
  RecordingHandler handler;
  auto [transport, theirs] = connected_transport(handler);
  transport->output().append(as_bytes(std::string(8 << 20, 'l')));
  transport->close(CloseReason::ByBroker);
  ASSERT_EQ(::shutdown(theirs.get(), SHUT_WR), 0);
  loop_.flush_pending();
  EXPECT_TRUE(tick_until([&] { return loop_.poll(100ms) == 0; }));
  EXPECT_FALSE(handler.closed);
}

TEST_F(TcpClose, FinishedPeerNeedsNoWaiting) {
  RecordingHandler handler;
  auto [transport, theirs] = connected_transport(handler);
  transport->pause_reading(true);
  ASSERT_EQ(::shutdown(theirs.get(), SHUT_WR), 0);
  tick(5ms);
  transport->close(CloseReason::ByBroker);
  loop_.flush_pending();
  EXPECT_EQ(handler.closed, CloseReason::ByBroker);
}

TEST_F(TcpClose, ResetWhileClosingEndsItAtOnce) {
  options_.send_buffer = 1;
  RecordingHandler handler;
  auto [transport, theirs] = connected_transport(handler);
  transport->output().append(as_bytes(std::string(8 << 20, 'l')));
  transport->close(CloseReason::Shutdown);
  tick();
  theirs.reset();  // with unread bytes: a reset
  ASSERT_TRUE(tick_until([&] { return handler.closed.has_value(); }));
  EXPECT_EQ(handler.closed, CloseReason::Shutdown);
}

TEST_F(TcpClose, CloseWhilePausedAfterAResetEndsIt) {
  RecordingHandler handler;
  auto [transport, theirs] = connected_transport(handler);
  transport->pause_reading(true);
  const linger abort{.l_onoff = 1, .l_linger = 0};
  ASSERT_EQ(::setsockopt(theirs.get(), SOL_SOCKET, SO_LINGER, &abort, sizeof abort), 0);
  theirs.reset();
  for (int i = 0; i < 3; ++i) tick(5ms);
  transport->close(CloseReason::ByBroker);
  loop_.flush_pending();
  EXPECT_EQ(handler.closed, CloseReason::ByBroker);
}

TEST_F(TcpClose, TransportMayBeDestroyedInsideOnClosedOfEveryWayToEnd) {
  options_.close_time = 20ms;
  RecordingHandler by_timeout;
  RecordingHandler by_peer;
  auto [timed_out, silent] = connected_transport(by_timeout);
  auto [ended, ending] = connected_transport(by_peer);
  by_timeout.when_closed = [&owner = timed_out] { owner.reset(); };
  by_peer.when_closed = [&owner = ended] { owner.reset(); };
  timed_out->close(CloseReason::ByBroker);
  ended->close(CloseReason::ByBroker);
  ending.reset();
  ASSERT_TRUE(tick_until([&] { return by_timeout.closed && by_peer.closed; }));
  EXPECT_EQ(timed_out, nullptr);
  EXPECT_EQ(ended, nullptr);
}

TEST_F(TcpClose, TransportMayBeDestroyedAtAnyTimeOutsideItsCalls) {
  RecordingHandler handler;
  {
    auto [open, open_peer] = connected_transport(handler);
    open->output().append(as_bytes("x"));
    open->request_flush();
    auto [closing, closing_peer] = connected_transport(handler);
    closing->close(CloseReason::ByBroker);
    auto [lingering, lingering_peer] = connected_transport(handler);
    lingering->close(CloseReason::ByBroker);
    loop_.flush_pending();
  }
  for (int i = 0; i < 3; ++i) tick(1ms);
  EXPECT_FALSE(handler.closed);
}

TEST_F(TcpClose, EndedTransportSendsNothingAndIgnoresCalls) {
  RecordingHandler handler;
  auto [transport, theirs] = connected_transport(handler);
  theirs.reset();
  ASSERT_TRUE(tick_until([&] { return handler.closed.has_value(); }));
  const std::uint64_t writes = loop_.statistics().writes;
  transport->output().append(as_bytes("too late"));
  transport->request_flush();
  transport->pause_reading(true);
  transport->pause_reading(false);
  transport->close(CloseReason::ByBroker);
  tick();
  EXPECT_EQ(loop_.statistics().writes, writes);
  EXPECT_EQ(handler.closed, CloseReason::PeerClosed);
}

}  // namespace
}  // namespace hermod::net
