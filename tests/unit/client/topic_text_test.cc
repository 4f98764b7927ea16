#include "client/topic_text.h"

#include <gtest/gtest.h>

#include <string>

namespace hermod::client {
namespace {

TEST(TopicText, ATopicNameHasNoWildcardsAndIsNotEmpty) {
  EXPECT_TRUE(is_topic_name("a/b"));
  EXPECT_TRUE(is_topic_name("/"));
  EXPECT_FALSE(is_topic_name(""));
  EXPECT_FALSE(is_topic_name("a/+"));
  EXPECT_FALSE(is_topic_name("a#"));
  EXPECT_FALSE(is_topic_name("\xff"));
  EXPECT_FALSE(is_topic_name(std::string_view("a\0b", 3)));
  EXPECT_TRUE(is_topic_name(std::string(65535, 'a')));
  EXPECT_FALSE(is_topic_name(std::string(65536, 'a')));
}

TEST(TopicText, WildcardsStandForWholeLevelsAndTheHashAtTheEnd) {
  for (const char* good : {"#", "+", "a/#", "a/+/b", "+/+", "/+", "$share/g/a/#"})
    EXPECT_TRUE(is_topic_filter(good)) << good;
  for (const char* bad : {"", "a#", "#/a", "a/#/b", "a+", "+a/b", "a/b+"})
    EXPECT_FALSE(is_topic_filter(bad)) << bad;
}

TEST(TopicText, MatchesLevelByLevel) {
  EXPECT_TRUE(matches("a/b", "a/b"));
  EXPECT_TRUE(matches("a/+", "a/b"));
  EXPECT_TRUE(matches("a/#", "a/b/c"));
  EXPECT_TRUE(matches("a/#", "a"));  // 4.7.1.2: # includes the parent
  EXPECT_TRUE(matches("+/+", "/"));
  EXPECT_TRUE(matches("/+", "/a"));
  EXPECT_FALSE(matches("a/+", "a"));
  EXPECT_FALSE(matches("a/+", "a/b/c"));
  EXPECT_FALSE(matches("a", "a/b"));
  EXPECT_FALSE(matches("+", "/a"));
}

TEST(TopicText, AWildcardAtTheFrontDoesNotMatchADollar) {
  EXPECT_FALSE(matches("#", "$SYS/x"));
  EXPECT_FALSE(matches("+/x", "$SYS/x"));
  EXPECT_TRUE(matches("$SYS/#", "$SYS/x"));
}

}  // namespace
}  // namespace hermod::client
