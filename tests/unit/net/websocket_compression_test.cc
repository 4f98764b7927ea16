#include "net/websocket_compression.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/deflate.h"

namespace hermod::net {
namespace {

/// One WebSocket of a pool; its messages are inflated as a transport does it.
class Receiving {
 public:
  explicit Receiving(CompressionPool& pool) : side_(pool, [this] { ++lost; }) {}

  /// The next frame of a message arrives; gives what can be made of it, or what is wrong.
  std::string arrives(std::string_view frame, bool ends_message) {
    side_.arrived(frame.size(), ends_message);
    std::string made;
    while (side_.is_waiting()) {
      const auto piece = side_.inflate(as_bytes(frame));
      made += as_text(piece.bytes);
      frame.remove_prefix(piece.taken);
      if (piece.why != nullptr) {
        code = piece.code;
        side_.end();
        return piece.why;
      }
    }
    EXPECT_TRUE(frame.empty());
    side_.rest();
    return made;
  }
  WebSocketCompression& side() { return side_; }

  int lost = 0;
  CloseCode code = CloseCode::Normal;

 private:
  WebSocketCompression side_;
};

/// Longer than any piece, and not all the same.
std::string long_text() {
  std::string text;
  for (int i = 0; text.size() < 100'000; ++i) text += "line " + std::to_string(i * i) + "\n";
  return text;
}

TEST(WebSocketCompression, AMessageIsTheSameHoweverItIsCutIntoFrames) {
  CompressionPool pool;
  Receiving client(pool);
  const std::string text = long_text();
  const std::string small = support::deflated(text);
  for (const std::size_t frame :
       {small.size(), small.size() / 2, std::size_t{4096}, std::size_t{4097}, std::size_t{333}}) {
    std::string made;
    for (std::size_t at = 0; at < small.size(); at += frame)
      made += client.arrives(std::string_view(small).substr(at, frame), at + frame >= small.size());
    EXPECT_TRUE(made == text) << frame;
    EXPECT_EQ(pool.held(), 0U) << "a message that has ended holds nothing";
  }
}

TEST(WebSocketCompression, AnEmptyFrameMayEndAMessageAndOneByteMayBeOne) {
  CompressionPool pool;
  Receiving client(pool);
  const std::string small = support::deflated("hello");
  EXPECT_EQ(client.arrives(small, false), "hello");
  EXPECT_EQ(pool.held(), 1U);
  EXPECT_EQ(client.arrives("", true), "");
  EXPECT_EQ(pool.held(), 0U);
  EXPECT_EQ(client.arrives(std::string_view("\0", 1), true), "") << "an empty message";
  EXPECT_EQ(client.arrives(small, true), "hello") << "and nothing is left of those before";
}

TEST(WebSocketCompression, WhatIsNoDeflatedMessageIsToldAsInvalidData) {
  CompressionPool pool;
  const std::string small = support::deflated(long_text());
  for (const std::string& broken :
       {std::string("\xff\xff\xff"), small.substr(0, small.size() / 2), std::string("\x07")}) {
    Receiving client(pool);
    const std::string told = client.arrives(broken, true);
    EXPECT_EQ(told, "a message is not what permessage-deflate makes");
    EXPECT_EQ(client.code, CloseCode::InvalidData);
    EXPECT_FALSE(client.side().is_waiting());
    EXPECT_EQ(pool.held(), 0U);
  }
}

TEST(WebSocketCompression, AMessageThatIsGivenUpGivesItsInflaterBack) {
  CompressionPool pool;
  Receiving unlucky(pool);
  const std::string small = support::deflated("hello");
  unlucky.arrives(small.substr(0, 2), false);
  EXPECT_EQ(pool.held(), 1U);
  unlucky.side().end();
  EXPECT_EQ(pool.held(), 0U);
  EXPECT_FALSE(unlucky.side().is_waiting());
  EXPECT_EQ(unlucky.arrives(small, true), "hello");
  EXPECT_EQ(unlucky.lost, 0);
}

TEST(WebSocketCompression, ItWaitsForItsTurnOnlyOnceEverythingIsTaken) {
  CompressionPool pool;
  Receiving client(pool);
  // So small that it is taken at once, and so much that it does not fit into the room.
  const std::string text(3 * CompressionPool::kRoom, 'x');
  const std::string small = support::deflated(text);
  ASSERT_LT(small.size(), 4096U);
  WebSocketCompression& side = client.side();
  side.arrived(small.size(), true);
  EXPECT_FALSE(side.is_taken());
  std::size_t taken = 0;
  std::size_t made = 0;
  int turns = 0;
  while (side.is_waiting()) {
    const auto piece = side.inflate(as_bytes(small).subspan(taken));
    ASSERT_EQ(piece.why, nullptr);
    EXPECT_LE(piece.bytes.size(), CompressionPool::kRoom);
    taken += piece.taken;
    made += piece.bytes.size();
    EXPECT_EQ(side.is_taken(), side.is_waiting() && taken == small.size());
    ASSERT_LT(++turns, 10);
  }
  EXPECT_EQ(made, text.size());
  EXPECT_GE(turns, 3);
}

TEST(WebSocketCompression, AShortMessageIsSentAsItIs) {
  CompressionPool pool;
  Receiving client(pool);
  const auto size_of = [&](std::size_t size) {
    WriteQueue message;
    message.append(as_bytes(std::string(size, 'x')));
    return client.side().deflate(message).size();
  };
  EXPECT_EQ(size_of(127), 0U);
  EXPECT_GT(size_of(128), 0U);
  EXPECT_LT(size_of(128), 128U);
}

}  // namespace
}  // namespace hermod::net
