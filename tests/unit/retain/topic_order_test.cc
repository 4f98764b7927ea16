#include "retain/topic_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/unit/retain/retained_messages.h"

namespace hermod::retain {
namespace {

std::vector<std::string> split(const std::string& topic) {
  std::vector<std::string> levels{""};
  for (const char c : topic) {
    if (c == '/') {
      levels.emplace_back();
    } else {
      levels.back() += c;
    }
  }
  return levels;
}

TEST(TopicOrder, IsTheOrderOfTheListsOfLevels) {
  RandomTexts random(1);
  for (int i = 0; i < 20000; ++i) {
    const std::string a = random.topic();
    const std::string b = random.topic();
    ASSERT_EQ(compare_topics(a, b) < 0, split(a) < split(b)) << a << " and " << b;
    ASSERT_EQ(compare_topics(a, b) == 0, a == b) << a << " and " << b;
  }
}

TEST(TopicOrder, BytesAbove127SortBehindTheOthers) {
  EXPECT_TRUE(compare_topics("\xC3\xA5", "z") > 0);
  EXPECT_TRUE(compare_topics("a/\xC3\xA5", "a/z") > 0);
}

TEST(TopicOrder, TopicIsWithinItselfAndWhatIsAboveIt) {
  EXPECT_TRUE(is_within("a", "a"));
  EXPECT_TRUE(is_within("a", "a/b"));
  EXPECT_TRUE(is_within("a", "a/"));
  EXPECT_FALSE(is_within("a", "ab"));
  EXPECT_FALSE(is_within("a/b", "a"));
  EXPECT_TRUE(is_within("", "/a"));
  EXPECT_FALSE(is_within("", "a"));
}

}  // namespace
}  // namespace hermod::retain
