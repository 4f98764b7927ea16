#include "net/websocket_scanner.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace hermod::net {

using Scanner = WebSocketScanner;

/// A frame whose mask is zero; `first` is its first byte.
std::string masked(int first, const std::string& payload, const std::string& mask = std::string(4, '\0')) {
  std::string out(1, static_cast<char>(first));
  if (payload.size() < 126) {
    out += static_cast<char>(0x80 | static_cast<int>(payload.size()));
  } else {
    out += static_cast<char>(0xFE);
    out += static_cast<char>(payload.size() >> 8);
    out += static_cast<char>(payload.size());
  }
  out += mask;
  for (std::size_t i = 0; i < payload.size(); ++i) out += static_cast<char>(payload[i] ^ mask[i % 4]);
  return out;
}

/// One call, and the payload it made.
struct Scanned {
  Scanned(Scanner& scanner, const std::string& bytes) : buffer(bytes.begin(), bytes.end()) {
    std::span<std::uint8_t> held;
    step = scanner.next(buffer, held);
    payload = as_text(held);
  }
  std::vector<std::uint8_t> buffer;
  Scanner::Step step;
  std::string payload;
};

const std::string kMask("\x5A\x00\xC3\x7E", 4);

TEST(WebSocketScanner, WhatBinaryFramesHoldIsOnePiece) {
  Scanner scanner;
  const std::string bytes = masked(0x82, "one") + masked(0x02, "two", kMask) + masked(0x00, "") +
                            masked(0x8A, "pong", kMask) + masked(0x80, "three", kMask);
  const Scanned all(scanner, bytes);
  EXPECT_EQ(all.step.what, Scanner::What::Frames);
  EXPECT_EQ(all.step.taken, bytes.size());
  EXPECT_EQ(all.payload, "onetwothree");
}

TEST(WebSocketScanner, ItStopsBehindEachPing) {
  Scanner scanner;
  const std::string ping = masked(0x89, "beat", kMask);
  const std::string bytes = masked(0x82, "one") + ping + ping + masked(0x82, "two", kMask);
  std::vector<std::uint8_t> buffer(bytes.begin(), bytes.end());
  std::span<std::uint8_t> rest = buffer;
  std::span<std::uint8_t> payload;
  for (int i = 0; i < 2; ++i) {
    const auto step = scanner.next(rest, payload);
    EXPECT_EQ(step.what, Scanner::What::Ping);
    EXPECT_EQ(scanner.take_ping(), "beat");
    rest = rest.subspan(step.taken);
  }
  EXPECT_EQ(scanner.next(rest, payload).what, Scanner::What::Frames);
  EXPECT_EQ(as_text(payload), "onetwo");
}

TEST(WebSocketScanner, APingMayComeByteByByteAndIsForgottenOnceItWasTaken) {
  Scanner scanner;
  const std::string ping = masked(0x89, std::string(125, 'p'), kMask);
  for (std::size_t i = 0; i + 1 < ping.size(); ++i)
    EXPECT_EQ(Scanned(scanner, ping.substr(i, 1)).step.what, Scanner::What::Frames) << i;
  EXPECT_EQ(Scanned(scanner, ping.substr(ping.size() - 1)).step.what, Scanner::What::Ping);
  EXPECT_EQ(scanner.take_ping(), std::string(125, 'p'));
  EXPECT_EQ(Scanned(scanner, masked(0x89, "")).step.what, Scanner::What::Ping);
  EXPECT_EQ(scanner.take_ping(), "");
}

TEST(WebSocketScanner, NothingBehindACloseIsLookedAt) {
  const std::string before = masked(0x82, "one");
  const std::string close = masked(0x88, std::string("\x03\xE9"
                                                     "bye"));
  Scanner at_once;
  const Scanned all(at_once, before + close + "whatever");
  EXPECT_EQ(all.step.what, Scanner::What::Close);
  EXPECT_EQ(all.step.taken, before.size() + close.size());
  EXPECT_EQ(all.step.code, CloseCode::GoingAway);
  EXPECT_EQ(all.payload, "one");
  Scanner by_byte;
  for (std::size_t i = 0; i + 1 < close.size(); ++i) {
    const Scanned part(by_byte, close.substr(i, 1));
    EXPECT_EQ(part.step.what, Scanner::What::Frames) << i;
    EXPECT_EQ(part.payload, "") << i;
  }
  EXPECT_EQ(Scanned(by_byte, close.substr(close.size() - 1)).step.code, CloseCode::GoingAway);
}

TEST(WebSocketScanner, ACloseIsAnsweredWithItsCodeWhenItIsOneThatMayCome) {
  const auto answer = [](unsigned code) {
    const std::string payload{static_cast<char>(code >> 8U), static_cast<char>(code & 0xFFU)};
    Scanner scanner;
    const Scanned close(scanner, masked(0x88, payload, kMask));
    EXPECT_EQ(close.step.what, Scanner::What::Close) << code;
    return static_cast<unsigned>(close.step.code);
  };
  for (const unsigned code :
       {1000U, 1001U, 1002U, 1003U, 1007U, 1008U, 1009U, 1010U, 1011U, 1012U, 1013U, 1014U, 3000U, 4999U})
    EXPECT_EQ(answer(code), code);
  for (const unsigned code : {0U, 999U, 1004U, 1005U, 1006U, 1015U, 1016U, 2999U, 5000U, 65535U})
    EXPECT_EQ(answer(code), 1002U) << code;
}

TEST(WebSocketScanner, TheReasonOfACloseIsText) {
  const auto step = [](const std::string& why) {
    Scanner scanner;
    return Scanned(scanner, masked(0x88, "\x03\xE8" + why, kMask)).step;
  };
  EXPECT_EQ(step("caf\xC3\xA9").what, Scanner::What::Close);
  EXPECT_EQ(step(std::string(123, 'w')).what, Scanner::What::Close);
  for (const char* bad : {"\xC3", "\xFF", "\xC0\x80", "\xED\xA0\x80"}) {
    EXPECT_EQ(step(bad).what, Scanner::What::Fault) << bad;
    EXPECT_EQ(step(bad).code, CloseCode::InvalidData) << bad;
  }
  Scanner by_byte;
  const std::string close = masked(0x88, "\x03\xE8\xFF", kMask);
  for (std::size_t i = 0; i + 1 < close.size(); ++i)
    EXPECT_EQ(Scanned(by_byte, close.substr(i, 1)).step.what, Scanner::What::Frames) << i;
  EXPECT_EQ(Scanned(by_byte, close.substr(close.size() - 1)).step.what, Scanner::What::Fault);
}

TEST(WebSocketScanner, TheCodeOfACloseIsUnmasked) {
  Scanner scanner;
  const std::string close("\x88\x82\x01\x02\x03\x04\x02\xEA", 8);  // 0x03E8 under the mask
  EXPECT_EQ(Scanned(scanner, close).step.code, CloseCode::Normal);
}

TEST(WebSocketScanner, ItDoesNotMatterWhereTheBytesAreCut) {
  std::string text;
  for (int i = 0; i < 200; ++i) text += static_cast<char>(i);
  const std::string bytes = masked(0x82, "a", kMask) + masked(0x82, text, kMask) + masked(0x82, "") +
                            masked(0x82, "abcdefgh", kMask) + masked(0xC2, "reserved");
  const std::size_t good = bytes.size() - masked(0xC2, "reserved").size();
  for (std::size_t cut = 0; cut <= good; ++cut) {
    Scanner scanner;
    const Scanned first(scanner, bytes.substr(0, cut));
    EXPECT_EQ(first.step.what, Scanner::What::Frames) << cut;
    EXPECT_EQ(first.step.taken, cut);
    const Scanned second(scanner, bytes.substr(cut));
    EXPECT_EQ(second.step.what, Scanner::What::Fault) << cut;
    EXPECT_EQ(second.step.taken, good - cut) << cut;
    EXPECT_EQ(second.step.code, CloseCode::ProtocolError) << cut;
    EXPECT_TRUE(first.payload + second.payload == "a" + text + "abcdefgh") << cut;
  }
}

TEST(WebSocketScanner, AFrameMayBeAsLongAsAnMqttPacketAndNoLonger) {
  const std::string mask(4, '\0');
  Scanner longest;
  EXPECT_EQ(Scanned(longest, std::string("\x82\xFF\x00\x00\x00\x00\x10\x00\x00\x04", 10) + mask).step.what,
            Scanner::What::Frames);
  Scanner longer;
  const Scanned too_long(longer, std::string("\x82\xFF\x00\x00\x00\x00\x10\x00\x00\x05", 10) + mask);
  EXPECT_EQ(too_long.step.what, Scanner::What::Fault);
  EXPECT_EQ(too_long.step.code, CloseCode::TooBig);
}

/// What a scanner that takes compressed messages says step by step: 'f' frames, 'c' compressed, 'C' its end,
/// 'p' ping, 'x' Close or fault; and what each held.
std::string compressed_steps(const std::string& bytes, Scanner::Step& last) {
  Scanner scanner;
  scanner.take_compressed();
  std::vector<std::uint8_t> buffer(bytes.begin(), bytes.end());
  std::span<std::uint8_t> rest = buffer;
  std::string out;
  while (!rest.empty()) {
    std::span<std::uint8_t> payload;
    last = scanner.next(rest, payload);
    rest = rest.subspan(last.taken);
    const bool is_compressed = last.what == Scanner::What::Compressed;
    if (is_compressed) {
      EXPECT_TRUE(payload.empty() || payload.data() + payload.size() == rest.data()) << "behind all else";
    }
    out += is_compressed                        ? last.ends_message ? "C" : "c"
           : last.what == Scanner::What::Frames ? "f"
           : last.what == Scanner::What::Ping   ? "p"
                                                : "x";
    out += std::string(as_text(payload)) + " ";
    if (last.what == Scanner::What::Fault || last.what == Scanner::What::Close) break;
  }
  return out;
}

TEST(WebSocketScanner, CompressedMessagesAreShownApartFromOthers) {
  Scanner::Step last;
  const auto steps = [&](const std::string& bytes) { return compressed_steps(bytes, last); };
  EXPECT_EQ(steps(masked(0x82, "one", kMask) + masked(0x82, "two", kMask)), "fonetwo ");
  EXPECT_EQ(steps(masked(0xC2, "squeezed", kMask)), "Csqueezed ");
  EXPECT_EQ(steps(masked(0x82, "one", kMask) + masked(0xC2, "two", kMask) + masked(0x82, "three", kMask)),
            "fone Ctwo fthree ");
  EXPECT_EQ(steps(masked(0xC2, "") + masked(0xC2, "two", kMask) + masked(0x8A, "")), "C Ctwo f ");
  EXPECT_EQ(steps(masked(0x42, "one", kMask) + masked(0x89, "beat") + masked(0x00, "two", kMask) +
                  masked(0x00, "") + masked(0x80, "three", kMask) + masked(0x82, "four")),
            "cone p ctwo Cthree ffour ");
  EXPECT_EQ(steps(masked(0x42, "one", kMask) + masked(0x80, "")), "cone C ");
  EXPECT_EQ(steps(masked(0x02, "one") + masked(0x80, "two") + masked(0x42, "three")), "fonetwo cthree ");
  EXPECT_EQ(steps(masked(0xC2, "one") + masked(0x88, "")), "Cone x ");
  EXPECT_EQ(last.what, Scanner::What::Close);
}

TEST(WebSocketScanner, OnlyTheFirstFrameOfADataMessageSaysThatItIsCompressed) {
  Scanner::Step last;
  const auto code = [&](const std::string& bytes) {
    compressed_steps(bytes, last);
    EXPECT_EQ(last.what, Scanner::What::Fault);
    return static_cast<int>(last.code);
  };
  EXPECT_EQ(code(masked(0x42, "one") + masked(0xC0, "two")), 1002);
  EXPECT_EQ(code(masked(0x02, "one") + masked(0xC0, "two")), 1002);
  EXPECT_EQ(code(masked(0xC9, "ping")), 1002);
  EXPECT_EQ(code(masked(0xCA, "pong")), 1002);
  EXPECT_EQ(code(masked(0xC8, "")), 1002);
  EXPECT_EQ(code(masked(0xE2, "")), 1002);
  EXPECT_EQ(code(masked(0xD2, "")), 1002);
  EXPECT_EQ(code(masked(0xA2, "")), 1002);
  EXPECT_EQ(code(masked(0xC1, "text")), 1003);
  EXPECT_EQ(code(masked(0x42, "one") + masked(0xC2, "two")), 1002);
  Scanner without;
  EXPECT_EQ(Scanned(without, masked(0xC2, "one")).step.code, CloseCode::ProtocolError);
}

TEST(WebSocketFrameHead, LengthsHaveTheFewestBytes) {
  const auto head = [](Opcode opcode, std::uint64_t size) {
    return std::string(as_text(FrameHead(opcode, size).bytes()));
  };
  EXPECT_EQ(head(Opcode::Pong, 0), std::string("\x8A\x00", 2));
  EXPECT_EQ(head(Opcode::Binary, 125), "\x82\x7D");
  EXPECT_EQ(head(Opcode::Binary, 126), std::string("\x82\x7E\x00\x7E", 4));
  EXPECT_EQ(head(Opcode::Binary, 65'535), "\x82\x7E\xFF\xFF");
  EXPECT_EQ(std::string(as_text(FrameHead(Opcode::Binary, 200, true).bytes())),
            std::string("\xC2\x7E\x00\xC8", 4));
  EXPECT_EQ(head(Opcode::Binary, 65'536), std::string("\x82\x7F\x00\x00\x00\x00\x00\x01\x00\x00", 10));
}

}  // namespace hermod::net
