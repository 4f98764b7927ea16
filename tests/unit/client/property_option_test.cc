#include "client/property_option.h"

#include <gtest/gtest.h>

namespace hermod::client {
namespace {

using Words = std::vector<std::string>;

Outcome<void> add(PropertyOptions& options, const Words& words) {
  return options.add(words);
}

TEST(PropertyOption, EveryKindOfValueIsEncoded) {
  PropertyOptions options;
  ASSERT_TRUE(add(options, {"publish", "payload-format-indicator", "1"}));
  ASSERT_TRUE(add(options, {"PUBLISH", "Content-Type", "text/plain"}));
  ASSERT_TRUE(add(options, {"publish", "correlation-data", "\xff\x01"}));
  ASSERT_TRUE(add(options, {"publish", "message-expiry-interval", "4294967295"}));
  ASSERT_TRUE(add(options, {"publish", "user-property", "k", "v"}));
  ASSERT_TRUE(add(options, {"subscribe", "subscription-identifier", "268435455"}));
  ASSERT_TRUE(add(options, {"connect", "receive-maximum", "65535"}));
  EXPECT_TRUE(options.any);
  const wire::Properties publish = options.publish.properties();
  EXPECT_EQ(publish.payload_format_indicator(), 1);
  EXPECT_EQ(publish.content_type(), "text/plain");
  EXPECT_EQ(as_text(*publish.correlation_data()), "\xff\x01");
  EXPECT_EQ(publish.message_expiry_interval(), 4294967295U);
  EXPECT_EQ(*publish.user_properties().begin(), (wire::UserProperty{"k", "v"}));
  EXPECT_EQ(options.subscribe.properties().subscription_identifier(), 268435455U);
  EXPECT_EQ(options.connect.properties().receive_maximum(), 65535);
}

TEST(PropertyOption, WhatIsWrongIsNamed) {
  const std::pair<Words, const char*> wrong[] = {
      {{"publish", "content-type"}, "value"},
      {{"puback", "user-property", "a", "b"}, "\"puback\" is no command"},
      {{"publish", "colour", "red"}, "\"colour\" is no property"},
      {{"connect", "content-type", "x"}, "content-type is no property of connect"},
      {{"publish", "subscription-identifier", "1"}, "no property of publish"},
      {{"publish", "topic-alias", "0"}, "from 1 to 65535"},
      {{"publish", "topic-alias", "-1"}, "from 1 to 65535"},
      {{"publish", "message-expiry-interval", "4294967296"}, "from 0 to 4294967295"},
      {{"publish", "payload-format-indicator", "2"}, "from 0 to 1"},
      {{"publish", "message-expiry-interval", "5s"}, "5s"},
      {{"publish", "response-topic", "a/#"}, "without + and #"},
      {{"publish", "content-type", "\xff"}, "UTF-8"},
      {{"publish", "user-property", "only"}, "name and a value"}};
  for (const auto& [words, text] : wrong) {
    PropertyOptions options;
    const auto added = add(options, words);
    ASSERT_FALSE(added) << words[1];
    EXPECT_NE(added.error().text.find(text), std::string::npos) << added.error().text;
  }
}

TEST(PropertyOption, OnlyAUserPropertyMayComeTwice) {
  PropertyOptions options;
  ASSERT_TRUE(add(options, {"publish", "user-property", "k", "1"}));
  ASSERT_TRUE(add(options, {"publish", "user-property", "k", "2"}));
  ASSERT_TRUE(add(options, {"publish", "content-type", "a"}));
  EXPECT_FALSE(add(options, {"publish", "content-type", "b"}));
}

TEST(ExtractProperties, TakesThreeWordsOrFourAndLeavesTheRest) {
  Words arguments = {"-t", "topic", "-D", "publish", "user-property", "a", "-b",
                     "-m", "x",     "-D", "publish", "content-type",  "c", "-r"};
  PropertyOptions options;
  ASSERT_TRUE(extract_properties(arguments, options));
  EXPECT_EQ(arguments, (Words{"-t", "topic", "-m", "x", "-r"}));
  EXPECT_EQ(*options.publish.properties().user_properties().begin(), (wire::UserProperty{"a", "-b"}));
  EXPECT_EQ(options.publish.properties().content_type(), "c");
}

TEST(ExtractProperties, AnUnfinishedOneAtTheEndIsAnError) {
  for (Words arguments : {Words{"-D"}, Words{"-D", "publish"}, Words{"-D", "publish", "content-type"},
                          Words{"--property", "publish", "user-property", "a"}}) {
    PropertyOptions options;
    EXPECT_FALSE(extract_properties(arguments, options));
  }
}

}  // namespace
}  // namespace hermod::client
