#include <algorithm>

#include "net/compression_pool.h"
#include "net/websocket_transport.h"
#include "tests/integration/net/loop_test.h"
#include "tests/support/deflate.h"
#include "tests/support/websocket_frames.h"

namespace hermod::net {
namespace {

using support::deflated;
using support::inflated;
using support::take_frame;

constexpr std::size_t kReadInOneTurn = EventLoop::kScratchSize;

std::string squeezed(std::string_view text) {
  return support::Frame{.payload = deflated(text), .is_compressed = true}.bytes();
}

/// WebSockets over loopback TCP that have agreed on compression.
class CompressedWebSockets : public LoopTest {
 protected:
  struct Client {
    std::unique_ptr<RecordingHandler> handler = std::make_unique<RecordingHandler>();
    std::unique_ptr<Transport> transport{};
    Fd socket{};
    std::string frames{};  ///< the beginning of one
  };

  Client connect(const std::string& offer = "permessage-deflate") {
    Client client;
    auto [ours, theirs] = connected_sockets();
    auto stream =
        TcpTransport::open(loop_, std::move(ours), SocketAddress::parse("192.0.2.1", 7).value(), options_);
    EXPECT_TRUE(stream);
    client.transport = std::make_unique<WebSocketTransport>(std::move(*stream), loop_, rules_, options_,
                                                            loop_.now() + options_.websocket.request_timeout);
    client.transport->set_handler(client.handler.get());
    client.socket = std::move(theirs);
    send_all(client.socket,
             support::WebSocketRequest{.more = "Sec-WebSocket-Extensions: " + offer + "\r\n"}.text());
    std::string answer;
    EXPECT_TRUE(tick_until([&] {
      answer += receive_now(client.socket);
      return answer.ends_with("\r\n\r\n");
    }));
    EXPECT_NE(answer.find("permessage-deflate; server_no_context_takeover"), std::string::npos) << answer;
    return client;
  }
  /// The next frame of ours.
  support::Frame next(Client& client) {
    std::optional<support::Frame> frame;
    EXPECT_TRUE(tick_until([&] {
      client.frames += receive_now(client.socket);
      frame = take_frame(client.frames);
      return frame.has_value();
    }));
    return frame.value_or(support::Frame{});
  }
  static void say(Client& client, std::string_view text) {
    client.transport->output().append(as_bytes(text));
    client.transport->request_flush();
  }
  bool hears(const Client& client, std::string_view text) {
    return tick_until([&] { return client.handler->received.size() >= text.size(); }) &&
           client.handler->received == text;
  }

  WebSocketRules rules_ = *WebSocketRules::from({.compresses = true});
};

TEST_F(CompressedWebSockets, MessagesComeInOrderHoweverTheyAreSent) {
  Client client = connect();
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += std::to_string(i) + ' ';
  const std::string one = text.substr(0, 40'000);
  const std::string two = text.substr(40'000);
  const std::string small = deflated(two);
  const std::string bytes =
      squeezed(one) + support::Frame{.payload = "plain"}.bytes() +
      support::Frame{.payload = small.substr(0, 1000), .is_last = false, .is_compressed = true}.bytes() +
      support::Frame{.opcode = support::opcode::kPing, .payload = "beat"}.bytes() +
      support::Frame{.opcode = support::opcode::kContinuation, .is_last = false}.bytes() +
      support::Frame{.opcode = support::opcode::kContinuation, .payload = small.substr(1000)}.bytes() +
      squeezed("") + squeezed("end");
  const std::string said = one + "plain" + two + "end";
  for (const std::size_t part : {std::size_t{10}, std::size_t{1000}, bytes.size()}) {
    client.handler->received.clear();
    for (std::size_t at = 0; at < bytes.size(); at += part) {
      send_all(client.socket, std::string_view(bytes).substr(at, part));
      tick();
    }
    EXPECT_TRUE(hears(client, said)) << part;
    EXPECT_EQ(next(client).payload, "beat");
    // The text may be there before the last byte of its message is.
    EXPECT_TRUE(tick_until([&] { return loop_.compression().held() == 0; }))
        << "kept while the client is silent";
    EXPECT_TRUE(tick_until([&] { return client.transport->buffered_bytes() == 0; }));
  }
}

TEST_F(CompressedWebSockets, ABombIsReadInTurnsAndNoFasterThanItIsTaken) {
  constexpr std::size_t kSize = 20U << 20;
  Client client = connect();
  const std::string bomb = squeezed(std::string(kSize, 'b'));
  ASSERT_LT(bomb.size(), kReadInOneTurn);
  std::size_t heard = 0;
  std::size_t most_at_once = 0;
  client.handler->take = [&](ReadBuffer& buffer) {
    most_at_once = std::max(most_at_once, buffer.bytes().size());
    heard += buffer.bytes().size();
    buffer.consume(buffer.bytes().size());
  };
  send_all(client.socket, bomb);
  ASSERT_TRUE(tick_until([&] { return heard > 0; }));
  std::size_t turns = 1;
  for (std::size_t before = heard; heard < kSize && turns < 10'000; before = heard, ++turns) {
    tick();
    EXPECT_LE(heard - before, 2 * kReadInOneTurn);
    EXPECT_LE(client.transport->buffered_bytes(), kReadInOneTurn);
    if (turns == 10) {
      // The handler has enough for now, and so nothing is made of what is there.
      client.transport->pause_reading(true);
      const std::size_t at_pause = heard;
      for (int i = 0; i < 5; ++i) tick();
      EXPECT_EQ(heard, at_pause);
      client.transport->pause_reading(false);
    }
  }
  EXPECT_EQ(heard, kSize);
  EXPECT_LE(most_at_once, CompressionPool::kRoom);
  // The last turn may have been over before the message was seen to end.
  EXPECT_TRUE(tick_until([&] { return loop_.compression().held() == 0; }));
}

TEST_F(CompressedWebSockets, APauseAfterEveryByteLosesNone) {
  Client client = connect();
  std::string text;
  for (int i = 0; i < 300; ++i) text += std::to_string(i);
  client.handler->take = [&](ReadBuffer& buffer) {
    client.handler->received += as_text(buffer.bytes().first(1));
    buffer.consume(1);
    client.transport->pause_reading(true);
  };
  send_all(client.socket, squeezed(text) + support::Frame{.payload = "plain"}.bytes() + squeezed("more") +
                              support::close_frame(1000));
  // The end of the stream, which would end all of it, comes right behind.
  ::shutdown(client.socket.get(), SHUT_WR);
  const std::string said = text + "plainmore";
  EXPECT_TRUE(tick_until([&] {
    client.transport->pause_reading(false);
    return client.handler->received.size() == said.size();
  }));
  EXPECT_EQ(client.handler->received, said);
  client.transport->pause_reading(false);
  EXPECT_EQ(support::close_code(next(client)), 1000);
}

TEST_F(CompressedWebSockets, MuchThatIsMadeOfTheLastByteWaitsOutAPause) {
  Client client = connect();
  const std::string text(3 * CompressionPool::kRoom, 'x');
  client.handler->take = [&](ReadBuffer& buffer) {
    client.handler->received += as_text(buffer.bytes());
    buffer.consume(buffer.bytes().size());
    client.transport->pause_reading(true);
  };
  send_all(client.socket, squeezed(text));
  for (std::size_t piece = 1; piece <= 3; ++piece) {
    ASSERT_TRUE(
        tick_until([&] { return client.handler->received.size() == piece * CompressionPool::kRoom; }));
    for (int i = 0; i < 3; ++i) tick();
    EXPECT_EQ(client.handler->received.size(), piece * CompressionPool::kRoom);
    client.transport->pause_reading(false);
  }
  EXPECT_EQ(client.handler->received, text);
}

TEST_F(CompressedWebSockets, WhatIsNotCompressedAsItSaysEndsTheConnection) {
  struct Case {
    std::string bytes;
    int code;
  };
  const std::string good = deflated("some text, some text, some text");
  for (const Case& one :
       {Case{support::Frame{.payload = "\xFF\xFF", .is_compressed = true}.bytes(), 1007},
        Case{support::Frame{.payload = good.substr(0, good.size() - 3), .is_compressed = true}.bytes(), 1007},
        Case{support::Frame{.payload = good, .is_last = false, .is_compressed = true}.bytes() +
                 support::Frame{.opcode = support::opcode::kContinuation, .is_compressed = true}.bytes(),
             1002},
        Case{support::Frame{.opcode = support::opcode::kPing, .is_compressed = true}.bytes(), 1002}}) {
    Client client = connect();
    send_all(client.socket, squeezed("first") + one.bytes);
    EXPECT_EQ(support::close_code(next(client)), one.code);
    EXPECT_TRUE(client.handler->received.starts_with("first"));
    EXPECT_EQ(loop_.compression().held(), 0U);
  }
}

/// Stands for a connection whose message does not end.
class Unending final : public InflaterHolder {
 public:
  void on_inflater_wanted() override {}
};

TEST_F(CompressedWebSockets, WhoEndsNoMessageMakesWayForWhoDoes) {
  CompressionPool& pool = loop_.compression();
  const std::string begun =
      support::Frame{.payload = deflated("begun"), .is_last = false, .is_compressed = true}.bytes();
  const auto begin = [&](Client& client) {
    send_all(client.socket, begun);
    EXPECT_TRUE(hears(client, "begun"));
  };
  Client silent = connect();
  begin(silent);
  std::vector<std::unique_ptr<Unending>> others;
  while (pool.held() < CompressionPool::kMostHeld) {
    others.push_back(std::make_unique<Unending>());
    pool.hold(*others.back());
  }
  // Whoever says all in one go is heard without anything else.
  Client other = connect();
  send_all(other.socket, squeezed("whole"));
  EXPECT_TRUE(hears(other, "whole"));
  EXPECT_FALSE(silent.handler->closed);
  Client newcomer = connect();
  begin(newcomer);
  EXPECT_EQ(support::close_code(next(silent)), 1013);
  EXPECT_EQ(pool.held(), CompressionPool::kMostHeld);
  send_all(newcomer.socket, support::Frame{.opcode = support::opcode::kContinuation}.bytes());
  EXPECT_TRUE(tick_until([&] { return pool.held() < CompressionPool::kMostHeld; }));
  EXPECT_FALSE(newcomer.handler->closed);
  for (const auto& one : others) pool.give_back(*one, nullptr);
  EXPECT_EQ(pool.held(), 0U);
}

TEST_F(CompressedWebSockets, OnlyWhatBecomesShorterIsCompressed) {
  Client client = connect();
  const std::string text(1000, 't');
  say(client, text);
  support::Frame frame = next(client);
  EXPECT_TRUE(frame.is_compressed);
  EXPECT_LT(frame.payload.size(), 50U);
  EXPECT_EQ(inflated(frame.payload), text);
  // Without the first it would be as good.
  say(client, text);
  EXPECT_EQ(next(client).payload, frame.payload);
  std::string noise;
  for (unsigned state = 1; noise.size() < 5000;)
    noise += static_cast<char>((state = state * 1'103'515'245 + 12'345) >> 16);
  for (const std::string& plain : {std::string(127, 's'), noise}) {
    say(client, plain);
    frame = next(client);
    EXPECT_FALSE(frame.is_compressed);
    EXPECT_TRUE(frame.payload == plain);
  }
}

TEST_F(CompressedWebSockets, MuchIsCompressedInTurns) {
  constexpr std::size_t kSize = 5U << 20;
  Client client = connect();
  std::string text(kSize, 'm');
  for (std::size_t i = 0; i < kSize; i += 100) text[i] = static_cast<char>('a' + i / 100 % 26);
  bool drained = false;
  client.handler->when_drained = [&] { drained = true; };
  say(client, text);
  std::size_t before = client.transport->unsent_bytes();
  for (int i = 0; i < 5; ++i) {
    tick();
    EXPECT_LE(before - client.transport->unsent_bytes(), 2 * kReadInOneTurn) << "others get their turn";
    before = client.transport->unsent_bytes();
    EXPECT_FALSE(drained);
  }
  std::string heard;
  while (heard.size() < kSize) {
    const support::Frame frame = next(client);
    ASSERT_TRUE(frame.is_compressed);
    const auto message = inflated(frame.payload);
    ASSERT_TRUE(message);
    ASSERT_LE(message->size(), 64U << 10);
    heard += *message;
  }
  EXPECT_TRUE(heard == text);
  EXPECT_TRUE(tick_until([&] { return drained; }));
  EXPECT_EQ(client.transport->unsent_bytes(), 0U);
}

}  // namespace
}  // namespace hermod::net
