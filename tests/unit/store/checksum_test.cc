#include "store/checksum.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace hermod::store {
namespace {

std::string noise_of(std::size_t size) {
  std::string bytes;
  std::uint32_t state = 7;
  while (bytes.size() < size) {
    state = state * 1'664'525 + 1'013'904'223;
    bytes += static_cast<char>(state >> 24);
  }
  return bytes;
}

TEST(Checksum, WhereTheBytesAreCutDoesNotMatter) {
  const std::string bytes = noise_of(64);
  const std::uint32_t whole = checksum_of(as_bytes(bytes));
  for (std::size_t first = 0; first <= bytes.size(); ++first) {
    for (std::size_t second = first; second <= bytes.size(); ++second) {
      Checksum checksum;
      checksum.add(as_bytes(bytes).first(first));
      checksum.add(as_bytes(bytes).subspan(first, second - first));
      checksum.add(as_bytes(bytes).subspan(second));
      ASSERT_EQ(checksum.value(), whole) << first << ", " << second;
    }
  }
}

TEST(Checksum, WhereTheBytesLieDoesNotMatterOnEitherWay) {
  const std::string bytes = noise_of(40);
  const std::uint32_t expected = checksum_of(as_bytes(bytes));
  for (std::size_t shift = 0; shift < 16; ++shift) {
    const std::string moved = std::string(shift, 'x') + bytes;
    const Bytes there = as_bytes(moved).subspan(shift);
    EXPECT_EQ(checksum_of(there), expected) << shift;
    EXPECT_EQ(~extend_crc32c_portable(~0U, there), expected) << shift;
  }
}

TEST(Checksum, ThePortableWayGoesOnWhereTheInstructionStopped) {
  const std::string bytes = noise_of(50);
  for (std::size_t at = 0; at <= bytes.size(); ++at) {
    Checksum begun;
    begun.add(as_bytes(bytes).first(at));
    EXPECT_EQ(~extend_crc32c_portable(~begun.value(), as_bytes(bytes).subspan(at)),
              checksum_of(as_bytes(bytes)))
        << at;
  }
}

TEST(Checksum, EveryFlippedBitAndEveryZeroAtTheEndIsSeen) {
  std::string bytes = noise_of(200);
  std::set<std::uint32_t> seen{checksum_of(as_bytes(bytes))};
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    const char before = bytes[bit / 8];
    bytes[bit / 8] = static_cast<char>(before ^ 1 << bit % 8);
    EXPECT_TRUE(seen.insert(checksum_of(as_bytes(bytes))).second) << bit;
    bytes[bit / 8] = before;
  }
  for (int zeros = 0; zeros < 100; ++zeros) {
    bytes += '\0';
    EXPECT_TRUE(seen.insert(checksum_of(as_bytes(bytes))).second) << "with zeros behind it: " << zeros;
  }
}

TEST(Checksum, OfNothingIsZero) {
  EXPECT_EQ(checksum_of({}), 0U);
  EXPECT_EQ(Checksum().value(), 0U);
}

}  // namespace
}  // namespace hermod::store
