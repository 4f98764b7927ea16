#include "net/http_token.h"

#include <gtest/gtest.h>

namespace hermod::net {
namespace {

TEST(HttpToken, HasExactlyTheCharactersOfTheRfc) {
  const std::string_view allowed =
      "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    EXPECT_EQ(is_token_char(c), allowed.find(c) != std::string_view::npos) << byte;
  }
}

TEST(HttpToken, IsNeverEmptyAndHasNoOtherCharacterAnywhere) {
  EXPECT_FALSE(is_token(""));
  EXPECT_TRUE(is_token("permessage-deflate"));
  for (const char* text : {" a", "a ", "a b", "a,b", "a\"", "a\xc3\xa9", "a\x7f"})
    EXPECT_FALSE(is_token(text)) << text;
  EXPECT_FALSE(is_token(std::string_view("a\0", 2)));
}

}  // namespace
}  // namespace hermod::net
