#include "base/log.h"

#include <gtest/gtest.h>

#include <string>

namespace hermod::log {
namespace {

TEST(LogEscape, ControlCharactersQuotesAndBackslashesAreVisible) {
  EXPECT_EQ(escaped("plain/topic"), "plain/topic");
  EXPECT_EQ(escaped("a\nb\r\t"), "a\\x0ab\\x0d\\x09");
  EXPECT_EQ(escaped("\"\\"), "\\\"\\\\");
  EXPECT_EQ(escaped("\x1B[2J\x7F"), "\\x1b[2J\\x7f");
  EXPECT_EQ(escaped(std::string_view("\0", 1)), "\\x00");
  EXPECT_EQ(escaped("gr\xC3\xBC\xC3\x9F"), "gr\xC3\xBC\xC3\x9F") << "UTF-8 stays as it is";
}

TEST(LogEscape, NoByteBelowSpaceLeavesTheFunctionRaw) {
  for (int byte = 0; byte < 0x20; ++byte) {
    const std::string text(1, static_cast<char>(byte));
    EXPECT_EQ(escaped(text).find(text), std::string::npos) << byte;
  }
}

/// Each writes to standard error, where the log lines go. The sink is the process's, so each starts its own.
TEST(LogLine, TextNamesTheEventAndQuotesValuesWithSpaces) {
  start(Sink::Text, Level::Info);
  testing::internal::CaptureStderr();
  event(Level::Warning, "client.refused", {{"client", "two words"}, {"count", 3}, {"why", ""}});
  const std::string line = testing::internal::GetCapturedStderr();
  EXPECT_NE(line.find(" warning client.refused client=\"two words\" count=3 why=\"\"\n"), std::string::npos)
      << line;
}

TEST(LogLine, PeerCannotBeginALineOfItsOwn) {
  start(Sink::Text, Level::Info);
  testing::internal::CaptureStderr();
  event(Level::Info, "client.connected", {{"client", "x\n2026-01-01 error store.lost"}});
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_EQ(text.find('\n'), text.size() - 1) << text;
}

TEST(LogLine, JsonEscapesWhatJsonDemands) {
  start(Sink::Json, Level::Info);
  testing::internal::CaptureStderr();
  event(Level::Notice, "x.y", {{"value", "a\"b\\c\n"}});
  const std::string line = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(line.starts_with("{\"time\":")) << line;
  EXPECT_NE(line.find("\"level\":\"notice\",\"event\":\"x.y\",\"value\":\"a\\\"b\\\\c\\u000a\"}\n"),
            std::string::npos)
      << line;
}

TEST(LogLine, EventsBelowTheLevelAreNotWritten) {
  start(Sink::Text, Level::Warning);
  testing::internal::CaptureStderr();
  event(Level::Notice, "not.written");
  EXPECT_FALSE(enabled(Level::Info));
  set_level(Level::Debug);
  EXPECT_TRUE(enabled(Level::Debug));
  event(Level::Debug, "written");
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_EQ(text.find("not.written"), std::string::npos);
  EXPECT_NE(text.find("written"), std::string::npos);
}

/// The limit reads the machine's clock, so a second may begin between any two calls: what holds for every
/// clock is that most of a burst is held back and that each one held back is counted once.
TEST(LogRateLimit, BurstIsHeldBackAndEverySuppressedLineIsCountedOnce) {
  RateLimit limit;
  constexpr std::uint64_t kCalls = 100'000;
  std::uint64_t allowed = 0;
  std::uint64_t told = 0;
  std::uint64_t refused_since = 0;
  for (std::uint64_t i = 0; i < kCalls; ++i) {
    std::uint64_t suppressed = 0;
    if (!limit.allow(suppressed)) {
      ++refused_since;
      continue;
    }
    ++allowed;
    told += suppressed;
    EXPECT_EQ(suppressed, refused_since);
    refused_since = 0;
  }
  EXPECT_GE(allowed, 5U);
  EXPECT_LT(allowed, kCalls / 10);
  EXPECT_EQ(allowed + told + refused_since, kCalls);
}

}  // namespace
}  // namespace hermod::log
