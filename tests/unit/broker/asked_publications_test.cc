#include "broker/asked_publications.h"

#include <gtest/gtest.h>

namespace hermod::broker {
namespace {

TEST(AskedPublications, KnowWhetherOneUpToANumberIsLeft) {
  AskedPublications asked;
  EXPECT_FALSE(asked.has_up_to(asked.last())) << "there was none yet";
  const std::uint64_t first = asked.begin(SessionId{7});
  const std::uint64_t second = asked.begin(SessionId{8});
  const std::uint64_t third = asked.begin(SessionId{8});
  EXPECT_EQ(asked.last(), third);
  asked.end(second);
  EXPECT_TRUE(asked.has_up_to(first));
  EXPECT_TRUE(asked.has_up_to(third));
  asked.end(first);
  EXPECT_FALSE(asked.has_up_to(second)) << "what came later is not waited for";
  EXPECT_TRUE(asked.has_up_to(third));
  asked.end(third);
  EXPECT_FALSE(asked.has_up_to(asked.last()));
}

TEST(AskedPublications, KnowWhoseTheyAre) {
  AskedPublications asked;
  const std::uint64_t first = asked.begin(SessionId{7});
  const std::uint64_t second = asked.begin(SessionId{7});
  EXPECT_TRUE(asked.has_of(SessionId{7}));
  EXPECT_FALSE(asked.has_of(SessionId{8}));
  asked.end(first);
  EXPECT_TRUE(asked.has_of(SessionId{7}));
  asked.end(second);
  EXPECT_FALSE(asked.has_of(SessionId{7}));
}

}  // namespace
}  // namespace hermod::broker
