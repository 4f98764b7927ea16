#include "net/websocket_scanner.h"

#include <gtest/gtest.h>

#include <string>

namespace hermod::net {

using Scanner = WebSocketScanner;
using What = WebSocketScanner::What;

/// A masked frame whose mask is zero; `first` is its first byte.
std::string masked(int first, const std::string& payload) {
  std::string out(1, static_cast<char>(first));
  out += static_cast<char>(0x80 | static_cast<int>(payload.size()));
  return out + std::string(4, '\0') + payload;
}

TEST(WebSocketScanner, FramesThatKeepTheRulesAreGood) {
  Scanner scanner;
  const std::string bytes = masked(0x82, "one") + masked(0x02, "two") + masked(0x00, "") +
                            masked(0x8A, "pong") + masked(0x80, "three");
  const auto step = scanner.next(as_bytes(bytes));
  EXPECT_EQ(step.what, What::Frames);
  EXPECT_EQ(step.size, bytes.size());
}

TEST(WebSocketScanner, ItStopsBehindEachPing) {
  Scanner scanner;
  const std::string ping = masked(0x89, "beat");
  const std::string bytes = masked(0x82, "one") + ping + ping;
  auto step = scanner.next(as_bytes(bytes));
  EXPECT_EQ(step.what, What::Ping);
  EXPECT_EQ(step.size, bytes.size() - ping.size());
  step = scanner.next(as_bytes(ping));
  EXPECT_EQ(step.what, What::Ping);
  EXPECT_EQ(step.size, ping.size());
}

TEST(WebSocketScanner, NothingOfACloseIsForTheLibrary) {
  const std::string before = masked(0x82, "one");
  const std::string close = masked(0x88, std::string("\x03\xE9"
                                                     "bye"));
  Scanner at_once;
  const auto step = at_once.next(as_bytes(before + close + "whatever"));
  EXPECT_EQ(step.what, What::Close);
  EXPECT_EQ(step.size, before.size());
  EXPECT_EQ(step.code, CloseCode::GoingAway);
  Scanner by_byte;
  for (std::size_t i = 0; i + 1 < close.size(); ++i) {
    const auto part = by_byte.next(as_bytes(close.substr(i, 1)));
    EXPECT_EQ(part.what, What::Frames) << i;
    EXPECT_EQ(part.size, 0U) << i;
  }
  EXPECT_EQ(by_byte.next(as_bytes(close.substr(close.size() - 1))).code, CloseCode::GoingAway);
}

TEST(WebSocketScanner, TheCodeOfACloseIsUnmasked) {
  Scanner scanner;
  const std::string close("\x88\x82\x01\x02\x03\x04\x02\xEA", 8);  // 0x03E8 under the mask
  EXPECT_EQ(scanner.next(as_bytes(close)).code, CloseCode::Normal);
}

TEST(WebSocketScanner, ItDoesNotMatterWhereTheBytesAreCut) {
  std::string long_frame("\x82\xFE\x01\x00mask", 8);
  long_frame += std::string(256, 'x');
  const std::string bytes = masked(0x82, "a") + long_frame + masked(0x82, "") + masked(0xC2, "reserved");
  const std::size_t good = bytes.size() - masked(0xC2, "reserved").size();
  for (std::size_t cut = 0; cut <= good; ++cut) {
    Scanner scanner;
    const auto first = scanner.next(as_bytes(bytes.substr(0, cut)));
    EXPECT_EQ(first.what, What::Frames) << cut;
    EXPECT_EQ(first.size, cut);
    const auto second = scanner.next(as_bytes(bytes.substr(cut)));
    EXPECT_EQ(second.what, What::Fault) << cut;
    EXPECT_EQ(second.size, good - cut) << cut;
    EXPECT_EQ(second.code, CloseCode::ProtocolError) << cut;
  }
}

TEST(WebSocketScanner, AFrameMayBeAsLongAsAnMqttPacketAndNoLonger) {
  const std::string mask(4, '\0');
  Scanner longest;
  EXPECT_EQ(longest.next(as_bytes(std::string("\x82\xFF\x00\x00\x00\x00\x10\x00\x00\x04", 10) + mask)).what,
            What::Frames);
  Scanner longer;
  const auto step = longer.next(as_bytes(std::string("\x82\xFF\x00\x00\x00\x00\x10\x00\x00\x05", 10) + mask));
  EXPECT_EQ(step.what, What::Fault);
  EXPECT_EQ(step.code, CloseCode::TooBig);
}

}  // namespace hermod::net
