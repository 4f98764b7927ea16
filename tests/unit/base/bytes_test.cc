#include "base/bytes.h"

#include <gtest/gtest.h>

#include <string>

namespace hermod {
namespace {

TEST(Bytes, NumbersAreBigEndianInBothDirections) {
  std::string bytes;
  ByteWriter out(bytes);
  out.u8(0x01);
  out.u16(0x0203);
  out.u32(0x04050607);
  out.u64(0x08090A0B0C0D0E0F);
  EXPECT_EQ(bytes, "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0A\x0B\x0C\x0D\x0E\x0F");
  ByteReader in(as_bytes(bytes));
  EXPECT_EQ(in.u8(), 0x01);
  EXPECT_EQ(in.u16(), 0x0203);
  EXPECT_EQ(in.u32(), 0x04050607U);
  EXPECT_EQ(in.u64(), 0x08090A0B0C0D0E0FU);
  EXPECT_TRUE(in.ok());
  EXPECT_EQ(in.remaining(), 0U);
}

TEST(Bytes, SizedFieldsComeBackWithAnyContent) {
  const std::string zeros(3, '\0');
  const std::string longest(65535, '\xFF');
  std::string bytes;
  ByteWriter out(bytes);
  out.sized16("");
  out.sized16(zeros);
  out.sized16(longest);
  out.sized32(longest);
  out.bytes("tail");
  out.bytes(as_bytes("!"));
  ByteReader in(as_bytes(bytes));
  EXPECT_EQ(as_text(in.sized16()), "");
  EXPECT_EQ(as_text(in.sized16()), zeros);
  EXPECT_EQ(as_text(in.sized16()), longest);
  EXPECT_EQ(as_text(in.sized32()), longest);
  EXPECT_EQ(as_text(in.rest()), "tail!");
  EXPECT_EQ(as_text(in.bytes(4)), "tail");
  EXPECT_EQ(in.remaining(), 1U);
  EXPECT_TRUE(in.ok());
}

TEST(Bytes, ReadPastTheEndGivesZeroAndLeavesNothingToRead) {
  for (std::size_t size = 0; size < 8; ++size) {
    const std::string bytes(size, '\xFF');
    ByteReader in(as_bytes(bytes));
    EXPECT_EQ(in.u64(), 0U) << size;
    EXPECT_FALSE(in.ok()) << size;
    EXPECT_EQ(in.u8(), 0U) << "what is left of a damaged record is not read as something else";
  }
}

TEST(Bytes, FailureOfAReadIsNotForgotten) {
  ByteReader in(as_bytes("ab"));
  EXPECT_TRUE(in.bytes(3).empty());
  EXPECT_TRUE(in.bytes(0).empty());
  EXPECT_FALSE(in.ok());
}

TEST(Bytes, LengthThatPointsPastTheEndIsRefused) {
  ByteReader sixteen(as_bytes(std::string_view("\0\3ab", 4)));
  EXPECT_TRUE(sixteen.sized16().empty());
  EXPECT_FALSE(sixteen.ok());
  ByteReader thirty_two(
      as_bytes("\xFF\xFF\xFF\xFF"
               "ab"));
  EXPECT_TRUE(thirty_two.sized32().empty());
  EXPECT_FALSE(thirty_two.ok());
}

}  // namespace
}  // namespace hermod
