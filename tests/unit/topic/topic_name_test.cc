#include "topic/topic_name.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace hermod::topic {
namespace {

std::string slashes(std::size_t count) {
  return std::string(count, '/');
}

TEST(TopicName, OrdinaryNamesAreAccepted) {
  for (const char* text :
       {"a", "/", "//", "a/b/c", " ", "Accounts payable", "/finance", "$SYS/broker", "$", "å/ø"}) {
    const auto name = TopicName::parse(text);
    ASSERT_TRUE(name) << text;
    EXPECT_EQ(name->text(), text);
  }
}

TEST(TopicName, EmptyNameIsRefused) {
  EXPECT_FALSE(TopicName::parse(""));
}  // [MQTT-4.7.3-1]

TEST(TopicName, WildcardsAreRefused) {  // [MQTT-3.3.2-2]
  for (const char* text : {"+", "#", "a/+", "a/#", "a+b", "a#", "#/a", "a/b+"}) {
    EXPECT_FALSE(TopicName::parse(text)) << text;
  }
}

TEST(TopicName, ControlCharactersAreRefusedAndNeverRepeatedInTheError) {  // [MQTT-4.7.3-2]
  for (int c = 0; c < 0x20; ++c) {
    const std::string text = std::string("a/b") + static_cast<char>(c) + "d";
    const auto name = TopicName::parse(text);
    ASSERT_FALSE(name) << c;
    EXPECT_EQ(name.error().code, Errc::Invalid);
    EXPECT_EQ(name.error().detail.find("a/b"), std::string::npos);
  }
}

TEST(TopicName, LengthEndsAt65535Bytes) {  // [MQTT-4.7.3-3]
  EXPECT_TRUE(TopicName::parse(std::string(65535, 'x')));
  EXPECT_FALSE(TopicName::parse(std::string(65536, 'x')));
}

TEST(TopicName, DepthEndsAtTheLimit) {
  EXPECT_TRUE(TopicName::parse(slashes(199)));
  EXPECT_FALSE(TopicName::parse(slashes(200)));
  EXPECT_FALSE(TopicName::parse(slashes(65535)));
  EXPECT_TRUE(TopicName::parse("a/b", Limits{.levels = 2}));
  EXPECT_FALSE(TopicName::parse("a/b/c", Limits{.levels = 2}));
}

TEST(TopicName, OnlyALeadingDollarReserves) {
  EXPECT_TRUE(TopicName::parse("$SYS/x")->is_reserved());
  EXPECT_FALSE(TopicName::parse("a/$SYS")->is_reserved());
  EXPECT_FALSE(TopicName::parse("/$SYS")->is_reserved());
}

TEST(TopicName, EmptyLevelsAreLevels) {
  const auto levels_of = [](std::string_view text) {
    std::vector<std::string_view> levels;
    for (LevelReader reader(text); !reader.done();) levels.push_back(reader.next());
    return levels;
  };
  using Levels = std::vector<std::string_view>;
  EXPECT_EQ(levels_of("a/b"), (Levels{"a", "b"}));
  EXPECT_EQ(levels_of("/"), (Levels{"", ""}));
  EXPECT_EQ(levels_of("a//b/"), (Levels{"a", "", "b", ""}));
  EXPECT_EQ(levels_of(""), (Levels{""}));
}

}  // namespace
}  // namespace hermod::topic
