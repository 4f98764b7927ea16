#include "net/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace hermod::net {
namespace {

/// A code point in `size` bytes, whether it needs them or not.
std::string in_bytes(std::uint32_t code_point, std::size_t size) {
  if (size == 1) return {static_cast<char>(code_point)};
  const std::uint32_t lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
  std::string out(size, '\0');
  for (std::size_t at = size - 1; at > 0; --at, code_point >>= 6)
    out[at] = static_cast<char>(0x80 | (code_point & 0x3F));
  out[0] = static_cast<char>(lead[size] | code_point);
  return out;
}

std::size_t shortest(std::uint32_t code_point) {
  return code_point < 0x80 ? 1 : code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
}

/// In every number of bytes that it fits into.
void expect_only_the_shortest_form(std::uint32_t code_point) {
  const bool is_scalar = code_point < 0x110000 && (code_point < 0xD800 || code_point > 0xDFFF);
  for (std::size_t size = shortest(code_point); size <= 4; ++size) {
    const std::string bytes = in_bytes(code_point, size) + "rest";
    std::string_view text = bytes;
    const bool is_good = is_scalar && size == shortest(code_point);
    ASSERT_EQ(take_character(text), is_good ? code_point : kNoCharacter) << code_point << " in " << size;
    ASSERT_EQ(text.size(), bytes.size() - (is_good ? size : 0)) << "what is none stays where it is";
  }
}

TEST(TakeCharacter, GivesAScalarValueInItsShortestFormAndInNoOther) {
  for (std::uint32_t code_point = 0; code_point < 0x1000; ++code_point)
    expect_only_the_shortest_form(code_point);
  // Each of the others would take a moment: some, and the ends of every range.
  for (std::uint32_t code_point = 0x1000; code_point < 0x110400; code_point += 61)
    expect_only_the_shortest_form(code_point);
  for (const std::uint32_t end :
       {0xD7FFU, 0xD800U, 0xDFFFU, 0xE000U, 0xFFFFU, 0x10000U, 0x10FFFFU, 0x110000U})
    expect_only_the_shortest_form(end);
}

TEST(TakeCharacter, LooksAtNothingBehindTheEnd) {
  for (const std::uint32_t code_point : {0x80U, 0x800U, 0xFFFFU, 0x10000U, 0x10FFFFU}) {
    const std::string whole = in_bytes(code_point, shortest(code_point));
    for (std::size_t size = 1; size < whole.size(); ++size) {
      std::string_view text = std::string_view(whole).substr(0, size);
      EXPECT_EQ(take_character(text), kNoCharacter) << code_point << " cut to " << size;
    }
  }
}

TEST(IsUtf8, TheLastByteCountsToo) {
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8("a\xc3\xa9\xf0\x9f\x98\x80"));
  EXPECT_FALSE(is_utf8("abc\xc3"));
  EXPECT_FALSE(
      is_utf8("\xa9"
              "abc"));
  EXPECT_FALSE(is_utf8("a\xed\xa0\x80"));
}

}  // namespace
}  // namespace hermod::net
