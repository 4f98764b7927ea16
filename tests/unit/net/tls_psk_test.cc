#include "net/tls_psk.h"

#include <gtest/gtest.h>

namespace hermod::net {
namespace {

class TlsPskFile : public ::testing::Test {
 protected:
  Result<TlsPskKeys> parse(const std::string& text) {
    warnings_.clear();
    return TlsPskKeys::parse({"psk.txt", text}, warnings_);
  }
  std::string refused(const std::string& text) {
    const auto keys = parse(text);
    return keys ? "" : keys.error().detail;
  }

  std::vector<std::string> warnings_;
};

constexpr const char* kKey = "000102030405060708090a0b0C0D0E0F";

TEST_F(TlsPskFile, HasALineForEachIdentity) {
  const auto keys = parse(std::string("# devices\n\nsensor 7:") + kKey + "\r\nurn:dev:8:" + kKey + "ff");
  ASSERT_TRUE(keys) << keys.error().detail;
  ASSERT_NE(keys->find("sensor 7"), nullptr);
  EXPECT_EQ(*keys->find("sensor 7"),
            (std::vector<std::uint8_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}));
  ASSERT_NE(keys->find("urn:dev:8"), nullptr) << "the last colon counts";
  EXPECT_EQ(keys->find("urn:dev:8")->back(), 0xFF);
  EXPECT_EQ(keys->find("sensor"), nullptr);
  EXPECT_TRUE(warnings_.empty());
}

TEST_F(TlsPskFile, WhatIsWrongIsNamedWithItsLine) {
  EXPECT_EQ(refused("a:0011\nnothing\n"), "psk.txt:2: identity:key is expected");
  EXPECT_NE(refused("a:001\n").find("psk.txt:1: the key must be"), std::string::npos);
  EXPECT_NE(refused("a:0g\n").find("psk.txt:1: the key must be"), std::string::npos);
  EXPECT_NE(refused("a:\n").find("psk.txt:1: the key must be"), std::string::npos);
  EXPECT_NE(refused("a:" + std::string(130, '0')).find("psk.txt:1: the key must be"), std::string::npos);
  EXPECT_NE(refused(":0011\n").find("psk.txt:1: the identity must be"), std::string::npos);
  EXPECT_NE(refused("a\tb:0011\n").find("psk.txt:1: the identity must be"), std::string::npos);
  EXPECT_NE(refused(std::string(257, 'a') + ":0011\n").find("psk.txt:1: the identity must be"),
            std::string::npos);
  EXPECT_EQ(refused("a:0011\na:2233\n"), "psk.txt:2: the identity a is there twice");
  EXPECT_EQ(refused("# nobody\n"), "psk.txt: there is no identity:key in it");
}

TEST_F(TlsPskFile, KeysThatMayBeGuessedAreWarnedOf) {
  ASSERT_TRUE(parse(std::string("a:0011\nb:") + kKey + "\n"));
  ASSERT_EQ(warnings_.size(), 1U);
  EXPECT_EQ(warnings_.front(), "psk.txt: 1 key is shorter than 16 bytes and may be guessed");
}

TEST_F(TlsPskFile, ANoteIsGoodWhileTheIdentityHasTheSameKey) {
  const auto before = parse("a:0011\nb:2233\n");
  const std::string note = before->note_for("a");
  EXPECT_EQ(TlsPskKeys::identity_in(note), "a");
  EXPECT_TRUE(before->is_good(note));
  EXPECT_TRUE(parse("a:0011\n")->is_good(note));
  EXPECT_FALSE(parse("a:0012\n")->is_good(note));
  EXPECT_FALSE(parse("b:0011\n")->is_good(note));
  EXPECT_FALSE(TlsPskKeys().is_good(note));
  EXPECT_FALSE(before->is_good(""));
  EXPECT_FALSE(before->is_good(note.substr(0, 32)));
}

}  // namespace
}  // namespace hermod::net
