#include "topic/levels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace hermod::topic {
namespace {

TEST(LevelReader, HasOneLevelMoreThanSeparatorsAndTheyAreTheText) {
  // Every text of up to six characters, each a separator or not.
  for (unsigned size = 0; size <= 6; ++size) {
    for (unsigned kinds = 0; kinds < 1U << size; ++kinds) {
      std::string text;
      for (unsigned at = 0; at < size; ++at)
        text += (kinds >> at & 1) != 0 ? '/' : static_cast<char>('a' + at);
      LevelReader levels(text);
      std::string joined;
      long count = 0;
      while (!levels.done()) {
        const std::string_view level = levels.next();
        EXPECT_EQ(level.find('/'), std::string_view::npos) << text;
        joined += (count++ == 0 ? "" : "/") + std::string(level);
        EXPECT_EQ(joined + (levels.done() ? "" : "/") + std::string(levels.rest()), text);
      }
      EXPECT_EQ(joined, text);
      EXPECT_EQ(count, 1 + std::count(text.begin(), text.end(), '/')) << text;
    }
  }
}

}  // namespace
}  // namespace hermod::topic
