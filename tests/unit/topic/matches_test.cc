#include "topic/matches.h"

#include <gtest/gtest.h>

namespace hermod::topic {
namespace {

bool match(std::string_view filter, std::string_view name) {
  return matches(TopicFilter::parse(filter).value(), TopicName::parse(name).value());
}

TEST(Matches, MultiLevelWildcardCoversItsParentAndEverythingBelow) {  // 4.7.1.2
  EXPECT_TRUE(match("sport/tennis/player1/#", "sport/tennis/player1"));
  EXPECT_TRUE(match("sport/tennis/player1/#", "sport/tennis/player1/ranking"));
  EXPECT_TRUE(match("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon"));
  EXPECT_FALSE(match("sport/tennis/player1/#", "sport/tennis/player10"));
  EXPECT_TRUE(match("sport/#", "sport"));
  EXPECT_TRUE(match("sport/#", "sport/"));
  EXPECT_FALSE(match("sport/#", "sports"));
  EXPECT_TRUE(match("#", "a/b/c"));
  EXPECT_TRUE(match("#", "/"));
}

TEST(Matches, SingleLevelWildcardCoversExactlyOneLevel) {  // 4.7.1.3
  EXPECT_TRUE(match("sport/tennis/+", "sport/tennis/player1"));
  EXPECT_FALSE(match("sport/tennis/+", "sport/tennis/player1/ranking"));
  EXPECT_FALSE(match("sport/+", "sport"));
  EXPECT_TRUE(match("sport/+", "sport/"));
  EXPECT_TRUE(match("+/+", "/finance"));
  EXPECT_TRUE(match("/+", "/finance"));
  EXPECT_FALSE(match("+", "/finance"));
  EXPECT_TRUE(match("+/tennis/#", "sport/tennis"));
  EXPECT_TRUE(match("+/#", "a"));
  EXPECT_TRUE(match("a/+/c", "a//c"));
}

TEST(Matches, WildcardsAtTheFirstLevelDoNotReachReservedNames) {  // [MQTT-4.7.2-1]
  EXPECT_FALSE(match("#", "$SYS"));
  EXPECT_FALSE(match("#", "$SYS/monitor/Clients"));
  EXPECT_FALSE(match("+/monitor/Clients", "$SYS/monitor/Clients"));
  EXPECT_FALSE(match("+/#", "$dead/orders"));
  EXPECT_TRUE(match("$SYS/#", "$SYS/monitor/Clients"));
  EXPECT_TRUE(match("$SYS/#", "$SYS"));
  EXPECT_TRUE(match("$SYS/monitor/+", "$SYS/monitor/Clients"));
  EXPECT_TRUE(match("a/+", "a/$SYS"));
  EXPECT_TRUE(match("+/$SYS", "/$SYS"));
}

TEST(Matches, LevelsAreComparedByteByByte) {  // [MQTT-4.7.3-4]
  EXPECT_TRUE(match("ACCOUNTS", "ACCOUNTS"));
  EXPECT_FALSE(match("ACCOUNTS", "Accounts"));
  EXPECT_FALSE(match("/a", "a"));
  EXPECT_FALSE(match("a/", "a"));
  EXPECT_FALSE(match("a", "a/"));
  EXPECT_FALSE(match("a/b", "a"));
  EXPECT_TRUE(match("/", "/"));
  EXPECT_FALSE(match("/", "//"));
}

}  // namespace
}  // namespace hermod::topic
