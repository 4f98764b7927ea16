// What a consumer group has behind it, and what the store keeps of that.

#include "queue/group_position.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "queue/group_records.h"

namespace hermod::queue {
namespace {

TEST(GroupPosition, StandsAtTheOldestEntryThatIsNotSettled) {
  GroupPosition position({.next = Seq{10}});
  position.settle(Seq{12});
  EXPECT_EQ(position.next(), Seq{10});
  EXPECT_EQ(position.settled_behind(), 1U);
  EXPECT_TRUE(position.is_settled(Seq{9}));
  EXPECT_FALSE(position.is_settled(Seq{11}));
  EXPECT_TRUE(position.is_settled(Seq{12}));
  position.settle(Seq{11});
  EXPECT_EQ(position.settled_behind(), 2U);
  EXPECT_EQ(position.behind().size(), 1U) << "neighbours are one stretch";
  position.settle(Seq{10});
  EXPECT_EQ(position.next(), Seq{13});
  EXPECT_EQ(position.settled_behind(), 0U);
  EXPECT_TRUE(position.behind().empty());
}

TEST(GroupPosition, AStretchTakesInWhatItCovers) {
  GroupPosition position({.next = Seq{1}});
  for (const std::uint64_t one : {3, 5, 7, 20}) position.settle(Seq{one});
  position.settle(Seq{4}, Seq{9});
  EXPECT_EQ(position.behind(), (GroupPosition::Stretches{{Seq{3}, Seq{9}}, {Seq{20}, Seq{21}}}));
  EXPECT_EQ(position.settled_behind(), 7U);
  EXPECT_EQ(position.settled_between(Seq{2}, Seq{5}), 2U);
  position.settle(Seq{1}, Seq{4});
  EXPECT_EQ(position.next(), Seq{9});
  EXPECT_EQ(position.settled_between(Seq{5}, Seq{21}), 5U);
  position.settle(Seq{2}, Seq{6});
  EXPECT_EQ(position.next(), Seq{9}) << "what is behind it stays there";
}

TEST(GroupPosition, ATimeCountsUntilTheFirstEntryIsSettled) {
  GroupPosition position({.next = Seq{4}, .not_before = wall_time_of(77)});
  EXPECT_EQ(position.begin().not_before, wall_time_of(77));
  position.settle(Seq{6});
  EXPECT_EQ(position.begin(), (StreamPosition{.next = Seq{4}}));
}

TEST(GroupPosition, IsWhatASetOfEntriesWouldBe) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 50; ++round) {
    GroupPosition position({.next = Seq{1}});
    std::set<std::uint64_t> settled;
    for (int step = 0; step < 60; ++step) {
      const std::uint64_t from = 1 + random() % 80;
      const std::uint64_t to = from + random() % 4;
      position.settle(Seq{from}, Seq{to});
      for (std::uint64_t one = from; one < to; ++one) settled.insert(one);
      std::uint64_t next = 1;
      while (settled.contains(next)) ++next;
      ASSERT_EQ(position.next().v, next);
      for (std::uint64_t one = 1; one < 90; ++one)
        ASSERT_EQ(position.is_settled(Seq{one}), settled.contains(one)) << one;
      const auto behind = std::distance(settled.upper_bound(next), settled.end());
      ASSERT_EQ(position.settled_behind(), static_cast<std::uint64_t>(behind));
      const auto decoded = decode_group(as_bytes(encode_group({"g", position})));
      ASSERT_TRUE(decoded);
      ASSERT_EQ(decoded->position, position);
    }
  }
}

TEST(GroupRecords, AreReadAsTheyWereWritten) {
  GroupRecord group{"work-1", GroupPosition({.next = Seq{17}, .not_before = wall_time_of(1234)})};
  const std::string record = encode_group(group);
  EXPECT_TRUE(is_group(as_bytes(record)));
  EXPECT_EQ(decode_group(as_bytes(record)), group);
  group.position.settle(Seq{20}, Seq{25});
  EXPECT_EQ(decode_group(as_bytes(encode_group(group))), group);
}

TEST(GroupRecords, WhatIsWrongIsNamed) {
  GroupRecord group{"g", GroupPosition({.next = Seq{17}})};
  group.position.settle(Seq{20}, Seq{25});
  const std::string record = encode_group(group);
  for (std::size_t size = 0; size < record.size(); ++size)
    EXPECT_FALSE(decode_group(as_bytes(std::string_view(record).substr(0, size)))) << size;
  EXPECT_FALSE(decode_group(as_bytes(record + "x")));
  std::string newer = record;
  newer[1] = 2;
  EXPECT_EQ(decode_group(as_bytes(newer)).error().code, Errc::Unsupported);
  std::string nameless = record;
  nameless[3] = '/';
  EXPECT_EQ(decode_group(as_bytes(nameless)).error().code, Errc::Corruption);
  std::string backwards = record;
  backwards[record.size() - 9] = 3;  // 20 becomes 3
  EXPECT_EQ(decode_group(as_bytes(backwards)).error().code, Errc::Corruption);
  EXPECT_FALSE(is_group(as_bytes(std::string("\x01", 1))));
  EXPECT_FALSE(is_group({}));
}

}  // namespace
}  // namespace hermod::queue
