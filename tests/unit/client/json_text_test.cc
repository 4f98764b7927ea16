#include "client/json_text.h"

#include <gtest/gtest.h>

namespace hermod::client {
namespace {

TEST(JsonText, AStringIsQuotedAndEscaped) {
  EXPECT_EQ(json_string("a\"b\\c"), R"("a\"b\\c")");
  EXPECT_EQ(json_string("\n\t\r\b\f\x01"), R"("\n\t\r\b\f\u0001")");
  EXPECT_EQ(json_string("\xc3\xa9"), "\"\xc3\xa9\"");
}

TEST(JsonText, BytesThatAreNotUtf8BecomeTheReplacementCharacter) {
  EXPECT_EQ(json_string("a\xff\xc3z"), R"("a\ufffd\ufffdz")");
}

TEST(JsonText, WhatARfcCallsJsonIsJson) {
  for (const char* good : {"0", "-0", "12.5e-3", "1E+2", "true", "false", "null", "\"x\\u00e9\\n\"", "[]",
                           "{}", " [1 , 2] ", R"({"a":{"b":[{},[],null]},"c":"d"})", "[[[[]]]]", "\t{\n}\r"})
    EXPECT_TRUE(is_json(good)) << good;
}

TEST(JsonText, EverythingElseIsNot) {
  for (const char* bad :
       {"",        " ",        "01",      "-",           "-true",  "1.",  ".5",   "1e",      "+1", "tru",
        "nulll",   "\"x",      "\"\\x\"", "\"\\u12g4\"", "\"\n\"", "[",   "[1,]", "[1 2]",   "]",  "{",
        "{\"a\"}", "{\"a\":}", "{a:1}",   "{\"a\":1,}",  "{}{}",   "1 2", "[}",   "\"\xff\""})
    EXPECT_FALSE(is_json(bad)) << bad;
}

TEST(JsonText, DepthIsLimitedButCostsNoStack) {
  EXPECT_TRUE(is_json(std::string(256, '[') + std::string(256, ']')));
  EXPECT_FALSE(is_json(std::string(100'000, '[') + std::string(100'000, ']')));
}

}  // namespace
}  // namespace hermod::client
