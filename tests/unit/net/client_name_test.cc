#include "net/client_name.h"

#include <gtest/gtest.h>

namespace hermod::net {
namespace {

TEST(ClientName, IsTextWithoutControlCharacters) {
  for (const char* name : {"a", "sensor 7", "M\xC3\xBCller", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xC2\xA0"})
    EXPECT_EQ(checked_client_name(name).value(), name);
}

TEST(ClientName, WhatCouldBeMistakenForAnotherIsRefused) {
  for (const std::string& name : {std::string(), std::string("a\0b", 3), std::string("a\n"),
                                  std::string("\x7F"), std::string("\xC2\x85"), std::string(1025, 'x')})
    EXPECT_FALSE(checked_client_name(name)) << name;
  EXPECT_TRUE(checked_client_name(std::string(1024, 'x')));
}

TEST(ClientName, WhatIsNotUtf8InItsShortestFormIsRefused) {
  for (const char* name :
       {"\x80", "\xC3", "a\xC3", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xF0\x8F\xBF\xBF", "\xED\xA0\x80",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xE2\x82", "\xC3\x28"})
    EXPECT_FALSE(checked_client_name(name)) << name;
}

}  // namespace
}  // namespace hermod::net
