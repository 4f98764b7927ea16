#include "base/text.h"

#include <gtest/gtest.h>

namespace hermod {
namespace {

TEST(Text, OnlyTheLettersOfAsciiHaveCases) {
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const bool is_upper = byte >= 'A' && byte <= 'Z';
    EXPECT_EQ(lower(c), is_upper ? static_cast<char>(byte + 32) : c) << byte;
    EXPECT_EQ(lower(lower(c)), lower(c));
  }
  EXPECT_EQ(in_lower("MQTT\xc3\x84[@`{"), "mqtt\xc3\x84[@`{");
}

TEST(Text, TheSameWordHasTheSameLength) {
  EXPECT_TRUE(same_word("", ""));
  EXPECT_TRUE(same_word("UpGrade", "uPgRADE"));
  EXPECT_FALSE(same_word("upgrade", "upgrad"));
  EXPECT_FALSE(same_word("upgrad", "upgrade"));
  EXPECT_FALSE(same_word("a", ""));
  EXPECT_FALSE(same_word("@", "`")) << "32 apart as letters are, and none";
  EXPECT_FALSE(same_word(std::string_view("a\0", 2), "a"));
}

TEST(Text, BlanksGoAtBothEndsAndStayInside) {
  EXPECT_EQ(trimmed("  a b ", " "), "a b");
  EXPECT_EQ(trimmed("\t a\t", " \t"), "a");
  EXPECT_EQ(trimmed("\t a\t", " "), "\t a\t") << "only what was named";
  EXPECT_EQ(trimmed("a", " "), "a");
  EXPECT_EQ(trimmed("   ", " "), "");
  EXPECT_EQ(trimmed("", " "), "");
  const std::string_view text = " x ";
  EXPECT_EQ(trimmed(text, " ").data(), text.data() + 1) << "a view of what was given";
}

}  // namespace
}  // namespace hermod
