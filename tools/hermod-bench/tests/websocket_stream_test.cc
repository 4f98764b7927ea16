#include "websocket_stream.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace hermod::bench {
namespace {

using namespace std::string_literals;

const std::string kAgreed = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";

/// What a stream takes out of these pieces, all of them together.
std::string taken(WebSocketStream& stream, const std::string& bytes, std::size_t piece) {
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    std::string arrived = std::string(stream.rest()) + bytes.substr(at, piece);
    std::vector<std::uint8_t> room(arrived.begin(), arrived.end());
    const auto size = stream.take(room);
    if (!size) return out + "!";
    out.append(reinterpret_cast<const char*>(room.data()), *size);
  }
  return out;
}

/// The payload of one masked frame that is all of `bytes`.
std::string unmasked(std::string bytes, std::size_t head) {
  const std::string mask = bytes.substr(head, 4);
  std::string payload = bytes.substr(head + 4);
  for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<char>(payload[i] ^ mask[i % 4]);
  return payload;
}

TEST(WebSocketStream, TakesWhatFramesHoldHoweverTheBytesAreCut) {
  const std::string large(70'000, 'l');
  const std::string bytes = kAgreed + "\x82\x03one"s + "\x02\x02tw"s + "\x89\x04ping"s + "\x80\x01o"s +
                            "\x82\x7F\0\0\0\0\0\x01\x11\x70"s + large + "\x82\x7E\x00\x80"s +
                            std::string(128, 's');
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{4096}, bytes.size()}) {
    WebSocketStream stream;
    EXPECT_EQ(taken(stream, bytes, piece), "onetwo" + large + std::string(128, 's')) << piece;
    EXPECT_EQ(stream.rest(), "");
    std::string out;
    stream.frame(out, 0);
    EXPECT_EQ(out.substr(0, 2), "\x8A\x84"s);
    EXPECT_EQ(unmasked(out, 2), "ping");
  }
}

TEST(WebSocketStream, FramesAreMaskedAndLengthsHaveTheFewestBytes) {
  WebSocketStream stream;
  for (const auto& [size, head] :
       {std::pair{125, "\x82\xFD"s}, std::pair{126, "\x82\xFE\x00\x7E"s},
        std::pair{65'535, "\x82\xFE\xFF\xFF"s}, std::pair{65'536, "\x82\xFF\0\0\0\0\0\x01\0\0"s}}) {
    const std::string payload(static_cast<std::size_t>(size), 'x');
    std::string out = "before" + payload;
    stream.frame(out, 6);
    EXPECT_EQ(out.substr(0, 6 + head.size()), "before" + head);
    EXPECT_EQ(unmasked(out.substr(6), head.size()), payload) << size;
  }
}

TEST(WebSocketStream, ARefusalAndATextFrameAreToldInWords) {
  WebSocketStream refused;
  EXPECT_EQ(taken(refused, "HTTP/1.1 404 Not Found\r\n\r\nno", 100), "!");
  EXPECT_EQ(refused.fault(), "no WebSocket: HTTP/1.1 404 Not Found");
  WebSocketStream text;
  EXPECT_EQ(taken(text, kAgreed + "\x81\x01t"s, 100), "!");
  EXPECT_NE(text.fault(), "");
}

TEST(WebSocketStream, ACloseIsAnsweredBehindWhatCameBefore) {
  WebSocketStream stream;
  EXPECT_EQ(taken(stream, kAgreed + "\x82\x01x\x88\x02\x03\xE8"s, 1000), "x");
  std::string out = "y";
  stream.frame(out, 0);
  EXPECT_EQ(unmasked(out.substr(7), 2), "\x03\xE8"s);
}

}  // namespace
}  // namespace hermod::bench
