#include "net/tls_transport.h"

#include <future>

#include "net/websocket_transport.h"
#include "tests/integration/net/loop_test.h"
#include "tests/support/tls_files.h"
#include "tests/support/tls_stream.h"
#include "tests/support/websocket_frames.h"

namespace hermod::net {
namespace {

using namespace std::chrono_literals;

/// A transport over TLS, and its client's end as a stream of OpenSSL's.
class TlsTransports : public LoopTest {
 protected:
  void SetUp() override {
    LoopTest::SetUp();
    ListenerOptions listener{.name = "secure", .tls = TlsOptions{}};
    listener.tls->certificates = {files_.path("server.pem")};
    listener.tls->keys = {files_.path("server.key")};
    const Status loaded = servers_.load({listener});
    ASSERT_TRUE(loaded) << loaded.error().detail;
  }

  /// Accepted, and nothing said yet.
  Fd accept(TransportHandler& handler) {
    auto [ours, theirs] = connected_sockets();
    auto opened = TlsTransport::open(loop_, std::move(ours), SocketAddress::parse("192.0.2.1", 7).value(),
                                     options_, *servers_.find("secure"));
    EXPECT_TRUE(opened);
    transport_ = std::move(*opened);
    transport_->set_handler(&handler);
    return std::move(theirs);
  }
  /// Ticks while the client shakes hands on a thread of its own.
  std::unique_ptr<support::TlsStream> shake_hands(const Fd& theirs) {
    auto stream = std::async(std::launch::async, [fd = theirs.get()] {
      return std::make_unique<support::TlsStream>(fd, support::TlsClient{});
    });
    EXPECT_TRUE(tick_until([&] { return stream.wait_for(0s) == std::future_status::ready; }));
    EXPECT_TRUE(tick_until([&] { return !transport_->peer().tls_version.empty(); }));
    return stream.get();
  }
  static auto soon() { return support::Clock::now() + support::kPatience; }

  support::TlsFiles files_;
  TlsServers servers_{options_.tls, clock_};
  std::unique_ptr<Transport> transport_;
};

TEST_F(TlsTransports, EndOfStreamBehindDataIsToldAfterTheData) {
  RecordingHandler handler;
  const Fd theirs = accept(handler);
  const auto stream = shake_hands(theirs);
  EXPECT_EQ(stream->send("last words", soon()), 10);
  stream->close_notify();
  ASSERT_TRUE(tick_until([&] { return handler.closed.has_value(); }));
  EXPECT_EQ(handler.received, "last words");
  EXPECT_EQ(handler.closed, CloseReason::PeerClosed);
  char byte = 0;
  EXPECT_EQ(stream->receive(&byte, 1, soon()), -1);
  EXPECT_TRUE(stream->has_close_notify()) << "ours answers it";
}

TEST_F(TlsTransports, EndOfStreamWaitsUntilWhatWasPausedIsShown) {
  RecordingHandler handler;
  const Fd theirs = accept(handler);
  const auto stream = shake_hands(theirs);
  handler.take = [&](ReadBuffer& buffer) {
    handler.received += as_text(buffer.bytes().first(1));
    buffer.consume(1);
    transport_->pause_reading(true);
  };
  EXPECT_EQ(stream->send("ab", soon()), 2);
  stream->close_notify();
  ASSERT_TRUE(tick_until([&] { return handler.received == "a"; }));
  for (int i = 0; i < 5; ++i) tick();
  EXPECT_FALSE(handler.closed);
  transport_->pause_reading(false);
  ASSERT_TRUE(tick_until([&] { return handler.received == "ab"; }));
  for (int i = 0; i < 5; ++i) tick();
  EXPECT_FALSE(handler.closed) << "still paused";
  transport_->pause_reading(false);
  ASSERT_TRUE(tick_until([&] { return handler.closed.has_value(); }));
}

TEST_F(TlsTransports, AWebSocketAnswersWhatCameTogetherWithTheEndOfTheStream) {
  RecordingHandler handler;
  const WebSocketRules rules = *WebSocketRules::from({});
  const Fd theirs = accept(handler);
  const auto stream = shake_hands(theirs);
  transport_ =
      std::make_unique<WebSocketTransport>(std::move(transport_), loop_, rules, options_, loop_.now() + 5s);
  transport_->set_handler(&handler);
  handler.take = [&](ReadBuffer& buffer) {
    buffer.consume(buffer.bytes().size());
    transport_->output().append(as_bytes("answer"));
    transport_->request_flush();
  };
  const std::string bytes = support::WebSocketRequest{}.text() + support::framed("asks");
  EXPECT_EQ(stream->send(bytes, soon()), static_cast<long>(bytes.size()));
  stream->close_notify();
  ASSERT_TRUE(tick_until([&] { return handler.closed.has_value(); }));
  std::string said;
  std::string room(4096, ' ');
  for (long size = 0; (size = stream->receive(room.data(), room.size(), soon())) > 0;)
    said.append(room, 0, static_cast<std::size_t>(size));
  EXPECT_TRUE(said.starts_with("HTTP/1.1 101 "));
  EXPECT_TRUE(
      said.ends_with("\x82\x06"
                     "answer"));
  EXPECT_TRUE(stream->has_close_notify());
}

TEST_F(TlsTransports, OutputFromBeforeTheHandshakeLeavesAfterIt) {
  RecordingHandler handler;
  const Fd theirs = accept(handler);
  transport_->output().append(as_bytes("early"));
  transport_->request_flush();
  tick();
  EXPECT_EQ(receive_now(theirs), "");
  const auto stream = shake_hands(theirs);
  tick();
  std::string room(5, ' ');
  EXPECT_EQ(stream->receive(room.data(), room.size(), soon()), 5);
  EXPECT_EQ(room, "early");
}

TEST_F(TlsTransports, OutputComesWholeThroughASocketThatIsOftenFull) {
  options_.send_buffer = 1;
  RecordingHandler handler;
  const Fd theirs = accept(handler);
  const auto stream = shake_hands(theirs);
  std::string sent;
  for (int i = 0; sent.size() < 1'000'000; ++i) {
    const std::string piece = std::to_string(i) + std::string(static_cast<std::size_t>(i % 3000), '.');
    transport_->output().append(as_bytes(piece));
    sent += piece;
  }
  transport_->request_flush();
  std::string received;
  std::string room(70'000, ' ');
  ASSERT_TRUE(tick_until([&] {
    const long got = stream->receive(room.data(), room.size(), support::Clock::now());
    if (got > 0) received.append(room, 0, static_cast<std::size_t>(got));
    return received.size() >= sent.size();
  }));
  EXPECT_TRUE(received == sent);
  EXPECT_EQ(handler.drained, 1);
}

TEST_F(TlsTransports, WhatThePeerSentBeforeItWentIsStillShown) {
  RecordingHandler handler;
  Fd theirs = accept(handler);
  const auto stream = shake_hands(theirs);
  EXPECT_EQ(stream->send("goodbye", soon()), 7);
  const auto answer = [&] {
    transport_->output().append(as_bytes("answer"));
    transport_->request_flush();
    loop_.flush_pending();
  };
  answer();
  theirs.reset();  // with the answer unread: the peer's kernel resets the connection
  answer();        // so this one breaks
  ASSERT_TRUE(tick_until([&] { return handler.closed.has_value(); }));
  EXPECT_EQ(handler.received, "goodbye");
  EXPECT_EQ(handler.closed, CloseReason::PeerReset);
}

TEST_F(TlsTransports, AHalfOpenHandshakeEndsAtItsTime) {
  options_.tls.handshake_timeout = 1ms;
  RecordingHandler handler;
  const Fd theirs = accept(handler);
  ASSERT_TRUE(tick_until([&] { return handler.closed.has_value(); }));
  EXPECT_EQ(handler.shown, 0);
  EXPECT_EQ(counters_.get(Counter::TlsFailedTimeout), 1U);
  EXPECT_TRUE(at_end(theirs));
}

TEST_F(TlsTransports, CloseDuringAHandshakeEndsTheStream) {
  RecordingHandler handler;
  Fd theirs = accept(handler);
  transport_->output().append(as_bytes("never sent in the clear"));
  transport_->close(CloseReason::ByBroker);
  tick();
  EXPECT_EQ(receive_now(theirs), "");
  EXPECT_TRUE(at_end(theirs));
  theirs.reset();
  ASSERT_TRUE(tick_until([&] { return handler.closed.has_value(); }));
}

}  // namespace
}  // namespace hermod::net
