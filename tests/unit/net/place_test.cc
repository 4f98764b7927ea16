#include "net/place.h"

#include <gtest/gtest.h>

#include <vector>

namespace hermod::net {
namespace {

TEST(Place, AsManyAreTakenAsThereAreAndOneThatLeavesMakesRoomForOne) {
  std::atomic<std::uint32_t> count{0};
  std::vector<Place> taken;
  for (int i = 0; i < 3; ++i) {
    auto place = Place::take(count, 3);
    ASSERT_TRUE(place) << i;
    taken.push_back(std::move(*place));
  }
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(Place::take(count, 3)) << "whoever is refused takes none";
  EXPECT_EQ(count.load(), 3U);
  taken.pop_back();
  EXPECT_EQ(count.load(), 2U);
  EXPECT_TRUE(Place::take(count, 3));
  EXPECT_EQ(count.load(), 2U);
}

TEST(Place, WithoutALimitTheyAreCountedAllTheSame) {
  std::atomic<std::uint32_t> count{0};
  {
    const auto first = Place::take(count, 0);
    const auto second = Place::take(count, 0);
    EXPECT_TRUE(first && second);
    EXPECT_EQ(count.load(), 2U);
  }
  EXPECT_EQ(count.load(), 0U);
}

TEST(Place, ThatMovesIsGivenBackOnce) {
  std::atomic<std::uint32_t> one{0};
  std::atomic<std::uint32_t> other{0};
  {
    Place kept = std::move(*Place::take(one, 1));
    EXPECT_EQ(one.load(), 1U);
    kept = std::move(*Place::take(other, 1));
    EXPECT_EQ(one.load(), 0U) << "the place it had is free";
    EXPECT_EQ(other.load(), 1U);
    Place moved(std::move(kept));
    EXPECT_EQ(other.load(), 1U);
    moved = Place();
    EXPECT_EQ(other.load(), 0U);
  }
  EXPECT_EQ(one.load(), 0U);
  EXPECT_EQ(other.load(), 0U);
}

}  // namespace
}  // namespace hermod::net
