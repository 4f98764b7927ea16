#include "base/small_id_set.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace hermod {
namespace {

TEST(SmallIdSet, SecondInsertAndSecondEraseSaySo) {
  SmallIdSet set;
  EXPECT_TRUE(set.insert(7));
  EXPECT_FALSE(set.insert(7));
  EXPECT_TRUE(set.contains(7));
  EXPECT_EQ(set.size(), 1U);
  EXPECT_TRUE(set.erase(7));
  EXPECT_FALSE(set.erase(7));
  EXPECT_TRUE(set.empty());
}

TEST(SmallIdSet, IdsAreRising) {
  SmallIdSet set;
  for (const int id : {65535, 1, 300, 2, 0}) set.insert(static_cast<std::uint16_t>(id));
  EXPECT_EQ(set.ids(), (std::vector<std::uint16_t>{0, 1, 2, 300, 65535}));
}

TEST(SmallIdSet, EmptySetOwnsNoMemory) {
  SmallIdSet set;
  for (std::uint16_t id = 0; id < 100; ++id) set.insert(id);
  for (std::uint16_t id = 0; id < 100; ++id) set.erase(id);
  EXPECT_EQ(set.ids().capacity(), 0U);
  set.insert(1);
  set.clear();
  EXPECT_EQ(set.ids().capacity(), 0U);
  EXPECT_FALSE(set.contains(1));
}

TEST(SmallIdSet, BehavesLikeTheStandardSet) {
  std::mt19937 random(1);
  SmallIdSet set;
  std::set<std::uint16_t> model;
  for (int i = 0; i < 20'000; ++i) {
    const auto id = static_cast<std::uint16_t>(random() % 64);
    if (random() % 2 == 0) {
      EXPECT_EQ(set.insert(id), model.insert(id).second);
    } else {
      EXPECT_EQ(set.erase(id), model.erase(id) > 0);
    }
    EXPECT_EQ(set.contains(id), model.contains(id));
    EXPECT_EQ(set.size(), model.size());
  }
  EXPECT_TRUE(std::equal(model.begin(), model.end(), set.ids().begin(), set.ids().end()));
}

}  // namespace
}  // namespace hermod
