#include "base/hash.h"

#include <gtest/gtest.h>

#include <string>

namespace hermod {
namespace {

TEST(Hash, StableHashGivesTheValuesOfItsDefinition) {
  EXPECT_EQ(stable_hash(""), 0xcbf29ce484222325U);
  EXPECT_EQ(stable_hash("a"), 0xaf63dc4c8601ec8cU);
  EXPECT_EQ(stable_hash("foobar"), 0x85944171f73967e8U);
}

TEST(Hash, StableHashReadsBytesAboveAsciiAsUnsigned) {
  static_assert(stable_hash("\xFF") == (0xcbf29ce484222325U ^ 0xFFU) * 1099511628211U);
  EXPECT_NE(stable_hash("\xFF"), stable_hash("\x7F"));
}

/// RFC 3720, B.4.
TEST(Hash, Crc32cGivesTheValuesOfTheRfc) {
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);
  EXPECT_EQ(crc32c(std::string(32, '\xFF')), 0x62A8AB43U);
  std::string rising;
  for (char c = 0; c < 32; ++c) rising += c;
  EXPECT_EQ(crc32c(rising), 0x46DD794EU);
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);
  EXPECT_EQ(crc32c(""), 0U);
}

TEST(Hash, Crc32cChangesWithEverySingleBit) {
  const std::string record = "a record of the store";
  for (std::size_t bit = 0; bit < record.size() * 8; ++bit) {
    std::string damaged = record;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    EXPECT_NE(crc32c(damaged), crc32c(record)) << bit;
  }
}

}  // namespace
}  // namespace hermod
