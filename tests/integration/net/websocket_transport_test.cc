#include "net/websocket_transport.h"

#include <sys/uio.h>

#include <vector>

#include "tests/integration/net/loop_test.h"
#include "tests/support/websocket_frames.h"

namespace hermod::net {
namespace {

using support::framed;
using support::take_frame;

/// The stream below a WebSocket: the test says what arrives and when output leaves.
class StreamBelow final : public Transport {
 public:
  void request_flush() override {}
  void request_drained() override { wants_drained = true; }
  void pause_reading(bool paused) override { is_paused = paused; }
  void close(CloseReason reason) override { closed = reason; }
  Peer peer() const override { return who; }
  std::optional<MonotonicTime> passable_since() const override { return passable; }
  std::size_t buffered_bytes() const override { return 0; }

  /// Where the bytes lay when they were shown is in `arrived`.
  void deliver(std::string_view bytes) {
    arrived.assign(bytes.begin(), bytes.end());
    input_.show(arrived);
    handler_->on_bytes(input_);
    input_.keep_rest();
  }
  void end(CloseReason reason) { handler_->on_closed(reason); }
  /// Its peer broke a rule.
  void give_up() { handler_->on_ending(CloseReason::ByBroker); }
  /// What was written leaves, and the transport is told if it was much.
  std::string leave(std::size_t high_mark) {
    const bool tells = std::exchange(wants_drained, false) || output_.size() >= high_mark;
    std::string out;
    while (!output_.empty()) {
      iovec piece{};
      output_.gather(&piece, 1);
      out.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
      output_.consume(piece.iov_len);
    }
    if (tells) handler_->on_drained();
    return out;
  }

  std::vector<std::uint8_t> arrived;
  std::optional<CloseReason> closed;
  bool is_paused = false;
  bool wants_drained = false;
  std::optional<MonotonicTime> passable = MonotonicTime::min();
  Peer who{.address = "192.0.2.1", .port = 7};

 private:
  ReadBuffer input_;
};

class WebSocketTransports : public LoopTest {
 protected:
  /// A WebSocket that is open; the answer to its request has left.
  void SetUp() override {
    LoopTest::SetUp();
    connect();
    below_->deliver(support::WebSocketRequest{}.text());
    loop_.flush_pending();
    ASSERT_TRUE(leave().starts_with("HTTP/1.1 101 "));
  }
  /// Another one in its place, which has not asked for anything yet.
  void connect() {
    auto stream = std::make_unique<StreamBelow>();
    below_ = stream.get();
    transport_ = std::make_unique<WebSocketTransport>(std::move(stream), loop_, rules_, options_,
                                                      loop_.now() + options_.websocket.request_timeout);
    transport_->set_handler(&handler_);
  }
  std::string leave() { return below_->leave(options_.write_high_mark); }
  static std::string ping(const std::string& payload) {
    return support::Frame{.opcode = support::opcode::kPing, .payload = payload}.bytes();
  }

  WebSocketRules rules_ = *WebSocketRules::from({});
  RecordingHandler handler_;
  StreamBelow* below_ = nullptr;
  std::unique_ptr<WebSocketTransport> transport_;
};

TEST_F(WebSocketTransports, OutputOfATickIsOneFrameThatIsNotCopied) {
  const SharedBytes payload = SharedBytes::copy_of(std::string(5000, 'p'));
  transport_->output().append(as_bytes("head"));
  transport_->output().append_shared(payload);
  transport_->output().append(as_bytes("tail"));
  transport_->request_flush();
  loop_.flush_pending();
  EXPECT_TRUE(transport_->output().empty());
  std::vector<iovec> pieces(8);
  ASSERT_EQ(below_->output().gather(pieces.data(), pieces.size()), 3U);
  EXPECT_EQ(pieces[0].iov_len, 8U) << "the frame's head and ours are one piece";
  EXPECT_EQ(pieces[1].iov_base, payload.bytes().data());
  std::string bytes = leave();
  const auto frame = take_frame(bytes);
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->payload, "head" + std::string(5000, 'p') + "tail");
  EXPECT_EQ(bytes, "");
}

TEST_F(WebSocketTransports, NoMessageIsLongerThanClientsTake) {
  constexpr std::size_t kLongest = 64U << 10;
  std::string expected;
  const SharedBytes payload = SharedBytes::copy_of(std::string(300'000, 'p'));
  for (int i = 0; i < 3; ++i) {
    const std::string head(40'000, static_cast<char>('a' + i));
    transport_->output().append(as_bytes(head));
    transport_->output().append_shared(payload);
    expected += head + std::string(as_text(payload.bytes()));
  }
  transport_->request_flush();
  loop_.flush_pending();
  EXPECT_TRUE(transport_->output().empty());
  std::string said;
  for (std::string bytes = leave(); !bytes.empty();) {
    const auto frame = take_frame(bytes);
    ASSERT_TRUE(frame);
    EXPECT_TRUE(frame->is_last);
    EXPECT_EQ(frame->opcode, support::opcode::kBinary);
    EXPECT_LE(frame->payload.size(), kLongest);
    EXPECT_FALSE(frame->payload.empty());
    said += frame->payload;
  }
  EXPECT_TRUE(said == expected);
}

TEST_F(WebSocketTransports, FramesAreUnmaskedWhereTheyLieAndShownAsOnePiece) {
  const std::uint8_t* shown_at = nullptr;
  handler_.take = [&](ReadBuffer& buffer) {
    shown_at = buffer.bytes().data();
    handler_.received = as_text(buffer.bytes());
    buffer.consume(buffer.bytes().size());
  };
  below_->deliver(framed("first ") + ping("") + framed("") + framed("second, which is longer"));
  EXPECT_EQ(handler_.received, "first second, which is longer");
  EXPECT_EQ(handler_.shown, 1);
  EXPECT_GE(shown_at, below_->arrived.data());
  EXPECT_LT(shown_at, below_->arrived.data() + below_->arrived.size());
  EXPECT_EQ(transport_->buffered_bytes(), 0U);
}

TEST_F(WebSocketTransports, OfTooManyPingsTheLastIsAnswered) {
  const std::string payload(125, 'p');
  for (int i = 0; i < 10'000; ++i) {
    below_->deliver(ping(payload) + ping(std::to_string(i)));
    loop_.flush_pending();
  }
  EXPECT_LT(below_->output().size(), 5000U) << "it may be a stranger";
  EXPECT_EQ(handler_.drained, 0);
  std::string bytes = leave();
  EXPECT_EQ(take_frame(bytes)->payload, payload);
  EXPECT_EQ(take_frame(bytes)->payload, "0");
  while (take_frame(bytes)) {
  }
  std::string rest = leave();
  EXPECT_EQ(take_frame(rest)->payload, "9999");
  EXPECT_EQ(rest, "");
  EXPECT_EQ(handler_.drained, 0) << "this was about pongs";
}

TEST_F(WebSocketTransports, AnAnswerToAPingComesAmongDataForASlowReader) {
  const auto say = [&](const std::string& text) {
    transport_->output().append(as_bytes(text));
    transport_->request_flush();
    loop_.flush_pending();
  };
  say(std::string(10'000, 'x'));
  below_->deliver(ping("old") + ping("new"));
  loop_.flush_pending();
  say("more");
  std::string bytes = leave();
  EXPECT_EQ(take_frame(bytes)->payload.size(), 10'000U);
  EXPECT_EQ(take_frame(bytes)->payload, "new");
  EXPECT_EQ(take_frame(bytes)->payload, "more");
  EXPECT_EQ(bytes, "");
}

TEST_F(WebSocketTransports, NoAnswerFollowsThatToANewerPing) {
  transport_->output().append(as_bytes(std::string(10'000, 'x')));
  transport_->request_flush();
  loop_.flush_pending();
  below_->deliver(ping("old"));
  // The client has read, and pings again before the old answer had its turn.
  iovec piece{};
  while (!below_->output().empty()) {
    below_->output().gather(&piece, 1);
    below_->output().consume(piece.iov_len);
  }
  below_->deliver(ping("new"));
  loop_.flush_pending();
  std::string bytes = leave();
  EXPECT_EQ(take_frame(bytes)->payload, "new");
  EXPECT_EQ(bytes, "");
}

TEST_F(WebSocketTransports, TheStreamIsReadAgainOnceAllThatArrivedIsShown) {
  handler_.take = [&](ReadBuffer& buffer) {  // a packet is a byte, and each makes a pause
    handler_.received += as_text(buffer.bytes().first(1));
    buffer.consume(1);
    transport_->pause_reading(true);
  };
  below_->deliver(framed("a") + framed("bc"));
  for (const char* shown : {"a", "ab", "abc"}) {
    EXPECT_EQ(handler_.received, shown);
    EXPECT_TRUE(below_->is_paused) << "its end, which would drop the rest, is not read before";
    transport_->pause_reading(false);
    tick();
  }
  EXPECT_FALSE(below_->is_paused);
  below_->end(CloseReason::PeerClosed);
  EXPECT_EQ(handler_.received, "abc");
  EXPECT_EQ(handler_.closed, CloseReason::PeerClosed);
}

TEST_F(WebSocketTransports, ACloseWaitsForAnswersThatAPauseIsFor) {
  handler_.take = [&](ReadBuffer& buffer) {
    buffer.consume(buffer.bytes().size());
    transport_->pause_reading(true);
  };
  below_->deliver(framed("asks") + support::close_frame(1000));
  tick();
  EXPECT_FALSE(below_->closed);
  transport_->output().append(as_bytes("answer"));
  transport_->request_flush();
  transport_->pause_reading(false);
  tick();
  EXPECT_EQ(below_->closed, CloseReason::PeerClosed);
  std::string bytes = leave();
  EXPECT_EQ(take_frame(bytes)->payload, "answer");
  EXPECT_EQ(support::close_code(*take_frame(bytes)), 1000);
}

TEST_F(WebSocketTransports, WhoSaysThatHeGoesIsGoneAtOnce) {
  below_->deliver(framed("last") + support::close_frame(3001) + framed("late"));
  EXPECT_EQ(handler_.received, "last");
  EXPECT_EQ(handler_.ending, CloseReason::PeerClosed);
  EXPECT_FALSE(handler_.closed) << "his Close is to be answered";
  loop_.flush_pending();
  EXPECT_EQ(below_->closed, CloseReason::PeerClosed);
  std::string bytes = leave();
  EXPECT_EQ(support::close_code(*take_frame(bytes)), 3001);
  below_->end(CloseReason::PeerClosed);
  EXPECT_EQ(handler_.closed, CloseReason::PeerClosed);
}

TEST_F(WebSocketTransports, WhoBreaksARuleIsGoneAtOnce) {
  below_->deliver(support::Frame{.opcode = support::opcode::kText, .payload = "text"}.bytes());
  EXPECT_EQ(handler_.ending, CloseReason::ByBroker);
  EXPECT_FALSE(handler_.closed);
}

TEST_F(WebSocketTransports, AStreamThatEndsByItselfIsTold) {
  below_->give_up();
  EXPECT_EQ(handler_.ending, CloseReason::ByBroker);
}

TEST_F(WebSocketTransports, WhoWasToldToEndHearsOfItsEndOnly) {
  transport_->close(CloseReason::ByBroker);
  below_->deliver(support::close_frame(1000));
  loop_.flush_pending();
  below_->give_up();
  EXPECT_FALSE(handler_.ending);
  below_->end(CloseReason::ByBroker);
  EXPECT_EQ(handler_.closed, CloseReason::ByBroker);
}

TEST_F(WebSocketTransports, TheNameOfAProxysCertificateIsNotItsClients) {
  AddressRange proxy{.first = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 192, 0, 2, 1}};
  rules_ = *WebSocketRules::from({}, {proxy});
  for (const char* forwarded : {"", "X-Forwarded-For: 198.51.100.7\r\n"}) {
    connect();
    below_->who.identity = "proxy";
    EXPECT_TRUE(transport_->peer().is_proxy);
    below_->deliver(support::WebSocketRequest{.more = forwarded}.text());
    EXPECT_EQ(transport_->peer().identity, "") << forwarded;
    EXPECT_FALSE(transport_->peer().is_proxy) << "it has named its client, or will not";
  }
  connect();
  below_->who = {.address = "192.0.2.2", .identity = "client"};
  below_->deliver(support::WebSocketRequest{}.text());
  EXPECT_EQ(transport_->peer().identity, "client");
}

TEST_F(WebSocketTransports, WhoMustNotComeInIsToldInsteadOfUpgraded) {
  connect();
  handler_.comes_in = false;
  below_->deliver(support::WebSocketRequest{}.text() + framed("first"));
  loop_.flush_pending();
  EXPECT_TRUE(below_->closed);
  EXPECT_TRUE(leave().starts_with("HTTP/1.1 429 "));
  EXPECT_EQ(counters_.get(Counter::WebSocketFailed), 1U);
  EXPECT_EQ(counters_.get(Counter::ConnectionsRefused), 1U);
  EXPECT_EQ(counters_.get(Counter::WebSocketUpgrades), 1U) << "the one of before";
  EXPECT_EQ(handler_.shown, 0);
}

TEST_F(WebSocketTransports, DrainedIsToldWhenThereIsRoomAgain) {
  const std::string much(options_.write_high_mark, 'x');
  transport_->output().append(as_bytes(much));
  transport_->request_flush();
  loop_.flush_pending();
  // The stream is full: what comes now waits here.
  transport_->output().append(as_bytes("waits"));
  transport_->request_flush();
  loop_.flush_pending();
  EXPECT_EQ(transport_->output().size(), 5U);
  // Who asks how much this client lets wait is told both.
  EXPECT_EQ(transport_->unsent_bytes(), below_->output().size() + 5U);
  EXPECT_EQ(handler_.drained, 0);
  std::string bytes = leave();
  std::size_t size = 0;
  while (const auto frame = take_frame(bytes)) size += frame->payload.size();
  EXPECT_EQ(size, much.size());
  EXPECT_EQ(handler_.drained, 1);
  bytes = leave();
  EXPECT_EQ(take_frame(bytes)->payload, "waits");
  EXPECT_EQ(handler_.drained, 1);
  EXPECT_EQ(transport_->unsent_bytes(), 0U);
}

/// With a clock that the test moves, and pings every second.
class WebSocketPings : public WebSocketTransports {
 protected:
  void SetUp() override {
    options_.websocket.ping_interval = std::chrono::seconds(1);
    WebSocketTransports::SetUp();
  }
  /// When the next ping is due; what was written leaves unless `blocked`.
  std::string next(bool blocked = false) {
    loop_.timers().advance(now_ += std::chrono::seconds(2));
    loop_.flush_pending();
    return blocked ? "" : leave();
  }
  bool is_given_up() {
    loop_.flush_pending();
    return below_->closed.has_value();
  }
  const std::string kPing{"\x89\x00", 2};
  MonotonicTime now_ = loop_.now();
};

TEST_F(WebSocketPings, SilenceAfterAPingThatLeftEndsTheConnection) {
  EXPECT_EQ(next(), kPing);
  below_->deliver(support::Frame{.opcode = support::opcode::kPong}.bytes());
  EXPECT_EQ(next(), kPing);
  EXPECT_FALSE(is_given_up());
  const std::string close = next();
  EXPECT_EQ(handler_.ending, CloseReason::PeerReset);
  EXPECT_TRUE(is_given_up());
  EXPECT_TRUE(close.starts_with("\x88")) << "1001";
}

TEST_F(WebSocketPings, AClientThatHasYetToReadIsNotSilent) {
  for (const std::size_t size : {std::size_t{5000}, options_.write_high_mark}) {
    transport_->output().append(as_bytes(std::string(size, 'x')));
    transport_->request_flush();
    loop_.flush_pending();
    for (int i = 0; i < 3; ++i) next(/*blocked=*/true);
    EXPECT_FALSE(is_given_up()) << size;
  }
}

TEST_F(WebSocketPings, AClientThatIsNotReadIsNotSilent) {
  transport_->pause_reading(true);
  EXPECT_EQ(next(), kPing);
  EXPECT_EQ(next(), kPing);
  transport_->pause_reading(false);
  EXPECT_EQ(next(), kPing);
  EXPECT_FALSE(is_given_up());
  next();
  EXPECT_TRUE(is_given_up());
}

TEST_F(WebSocketTransports, TheTimeForTheRequestBeginsBehindTheHandshake) {
  connect();
  below_->passable.reset();
  const MonotonicTime start = loop_.now();
  const auto limit = options_.websocket.request_timeout;
  loop_.timers().advance(start + limit + std::chrono::seconds(1));
  loop_.flush_pending();
  EXPECT_FALSE(below_->closed) << "the handshake has its own limit";
  // It was done just now, as far as this loop's clock goes.
  below_->passable = start - limit;
  loop_.timers().advance(start + 2 * limit + std::chrono::seconds(2));
  loop_.flush_pending();
  EXPECT_TRUE(below_->closed);
  EXPECT_TRUE(leave().starts_with("HTTP/1.1 408 "));
}

TEST_F(WebSocketTransports, ACloseFollowsWhatWasToSay) {
  transport_->output().append(as_bytes("last words"));
  transport_->close(CloseReason::Shutdown);
  loop_.flush_pending();
  EXPECT_EQ(below_->closed, CloseReason::Shutdown);
  std::string bytes = leave();
  EXPECT_EQ(take_frame(bytes)->payload, "last words");
  const auto close = take_frame(bytes);
  EXPECT_EQ(close->opcode, support::opcode::kClose);
  EXPECT_EQ(support::close_code(*close), 1001);
  EXPECT_EQ(bytes, "");
  transport_->output().append(as_bytes("too late"));
  transport_->request_flush();
  EXPECT_EQ(transport_->unsent_bytes(), 0U) << "a client that never closes its side would have us keep it";
}

}  // namespace
}  // namespace hermod::net
