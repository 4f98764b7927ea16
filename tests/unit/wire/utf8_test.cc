#include "wire/utf8.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "tests/unit/wire/packet_bytes.h"

namespace hermod::wire {
namespace {

// The definition, written the slow way: decode, then ask whether encoding gives the same bytes.
std::string encoded(std::uint32_t c) {
  const auto byte = [](std::uint32_t value) { return static_cast<char>(value); };
  if (c < 0x80) return {byte(c)};
  if (c < 0x800) return {byte(0xC0 | c >> 6), byte(0x80 | (c & 0x3F))};
  if (c < 0x10000) return {byte(0xE0 | c >> 12), byte(0x80 | (c >> 6 & 0x3F)), byte(0x80 | (c & 0x3F))};
  return {byte(0xF0 | c >> 18), byte(0x80 | (c >> 12 & 0x3F)), byte(0x80 | (c >> 6 & 0x3F)),
          byte(0x80 | (c & 0x3F))};
}
bool is_scalar(std::uint32_t c) {
  return c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF);
}
bool is_plain(std::uint32_t c) {
  const bool control = c < 0x20 || (c >= 0x7F && c <= 0x9F);
  const bool non_character = (c >= 0xFDD0 && c <= 0xFDEF) || (c & 0xFFFE) == 0xFFFE;
  return !control && !non_character;
}

TEST(Utf8, EveryScalarValueIsJudgedByItself) {
  for (std::uint32_t c = 0; c <= 0x110000; ++c) {
    const std::string text = encoded(c);
    const Bytes bytes = as_bytes(text);
    ASSERT_EQ(is_valid_utf8(bytes), is_scalar(c)) << std::hex << c;
    ASSERT_EQ(is_valid_string(bytes), is_scalar(c) && c != 0) << std::hex << c;
    ASSERT_EQ(is_plain_string(bytes), is_scalar(c) && is_plain(c)) << std::hex << c;
    const TopicText expected = c == '+' || c == '#'          ? TopicText::HasWildcard
                               : is_scalar(c) && is_plain(c) ? TopicText::Valid
                                                             : TopicText::NotPlain;
    ASSERT_EQ(check_topic_text(bytes), expected) << std::hex << c;
  }
}

TEST(Utf8, EverySequenceOfTwoBytesIsJudgedRight) {
  for (std::uint32_t first = 0; first < 256; ++first) {
    for (std::uint32_t second = 0; second < 256; ++second) {
      const std::uint8_t bytes[] = {static_cast<std::uint8_t>(first), static_cast<std::uint8_t>(second)};
      const bool two_ascii = first < 0x80 && second < 0x80;
      const bool one_character = first >= 0xC2 && first <= 0xDF && second >= 0x80 && second <= 0xBF;
      ASSERT_EQ(is_valid_utf8(bytes), two_ascii || one_character) << first << " " << second;
    }
  }
}

TEST(Utf8, EverySequenceOfThreeBytesIsJudgedRight) {
  for (std::uint32_t first = 0xE0; first < 0xF0; ++first) {
    for (std::uint32_t second = 0; second < 256; ++second) {
      for (std::uint32_t third = 0; third < 256; ++third) {
        const std::uint8_t bytes[] = {static_cast<std::uint8_t>(first), static_cast<std::uint8_t>(second),
                                      static_cast<std::uint8_t>(third)};
        const std::uint32_t c = (first & 0x0F) << 12 | (second & 0x3F) << 6 | (third & 0x3F);
        const bool valid = (second & 0xC0) == 0x80 && (third & 0xC0) == 0x80 && c >= 0x800 && is_scalar(c);
        ASSERT_EQ(is_valid_utf8(bytes), valid) << first << " " << second << " " << third;
      }
    }
  }
}

TEST(Utf8, OverlongAndTooLargeFormsOfFourBytesAreRefused) {
  for (std::uint32_t first = 0xF0; first < 0x100; ++first) {
    for (std::uint32_t second = 0x70; second < 0xD0; ++second) {
      const std::uint8_t bytes[] = {static_cast<std::uint8_t>(first), static_cast<std::uint8_t>(second), 0x80,
                                    0x80};
      const std::uint32_t c = (first & 0x07) << 18 | (second & 0x3F) << 12;
      const bool valid = first <= 0xF4 && (second & 0xC0) == 0x80 && c >= 0x10000 && c <= 0x10FFFF;
      ASSERT_EQ(is_valid_utf8(bytes), valid) << first << " " << second;
    }
  }
}

// The fast path takes words; a bad byte must be found wherever in the word, and whatever its neighbours are.
TEST(Utf8, OneBadByteIsFoundAtEveryPlaceOfEveryLength) {
  for (std::size_t size = 1; size <= 40; ++size) {
    for (std::size_t place = 0; place < size; ++place) {
      std::string text(size, 'z');
      const auto with = [&](char c) {
        text[place] = c;
        return wire::testing::ExactBytes(as_bytes(text));
      };
      EXPECT_FALSE(is_valid_utf8(with('\xFF').view())) << size << " " << place;
      EXPECT_TRUE(is_valid_utf8(with('\0').view())) << size << " " << place;
      EXPECT_FALSE(is_valid_string(with('\0').view())) << size << " " << place;
      EXPECT_TRUE(is_valid_string(with('\x01').view())) << size << " " << place;
      EXPECT_FALSE(is_plain_string(with('\x1F').view())) << size << " " << place;
      EXPECT_FALSE(is_plain_string(with('\x7F').view())) << size << " " << place;
      EXPECT_TRUE(is_plain_string(with('+').view())) << size << " " << place;
      EXPECT_EQ(check_topic_text(with('+').view()), TopicText::HasWildcard) << size << " " << place;
      EXPECT_EQ(check_topic_text(with('#').view()), TopicText::HasWildcard) << size << " " << place;
      EXPECT_EQ(check_topic_text(with('\x80').view()), TopicText::NotPlain) << size << " " << place;
      EXPECT_EQ(check_topic_text(with('~').view()), TopicText::Valid) << size << " " << place;
      EXPECT_EQ(check_topic_text(with(' ').view()), TopicText::Valid) << size << " " << place;
    }
  }
}

TEST(Utf8, LongCharactersMayStartAnywhere) {
  for (const std::string& character : {encoded(0xE4), encoded(0x20AC), encoded(0x1F680)}) {
    for (std::size_t before = 0; before <= 20; ++before) {
      for (std::size_t after = 0; after <= 20; ++after) {
        const std::string text = std::string(before, 'a') + character + std::string(after, 'b');
        EXPECT_EQ(check_topic_text(wire::testing::ExactBytes(as_bytes(text)).view()), TopicText::Valid);
        const std::string cut =
            std::string(before, 'a') + character.substr(0, character.size() - 1) + std::string(after, 'b');
        EXPECT_FALSE(is_valid_utf8(wire::testing::ExactBytes(as_bytes(cut)).view()));
      }
    }
  }
}

TEST(Utf8, EmptyTextIsValid) {
  EXPECT_TRUE(is_valid_utf8({}));
  EXPECT_TRUE(is_valid_string({}));
  EXPECT_TRUE(is_plain_string({}));
  EXPECT_EQ(check_topic_text({}), TopicText::Valid);
}

}  // namespace
}  // namespace hermod::wire
