#include "stream_check.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

namespace hermod::bench {
namespace {

using Arrival = StreamCheck::Arrival;

TEST(StreamCheck, MessagesInOrderLeaveNothingMissing) {
  StreamCheck check;
  for (std::uint64_t i = 0; i < 100; ++i) EXPECT_EQ(check.on_message(i), Arrival::InOrder);
  EXPECT_EQ(check.received(), 100U);
  EXPECT_TRUE(check.missing().empty());
}

TEST(StreamCheck, AGapIsMissingUntilItIsFilledAndThenCountsAsLate) {
  StreamCheck check;
  check.on_message(0);
  EXPECT_EQ(check.on_message(3), Arrival::InOrder);
  ASSERT_EQ(check.missing().size(), 1U);
  EXPECT_EQ(check.missing()[0], (SequenceRange{1, 3}));
  EXPECT_EQ(check.on_message(2), Arrival::Late);
  EXPECT_EQ(check.on_message(1), Arrival::Late);
  EXPECT_TRUE(check.missing().empty());
  EXPECT_EQ(check.received(), 4U);
}

TEST(StreamCheck, ASecondCopyIsADuplicateWhereverItStands) {
  StreamCheck check;
  for (const std::uint64_t s : {0, 1, 5, 6}) check.on_message(s);
  for (const std::uint64_t s : {0, 1, 5, 6}) EXPECT_EQ(check.on_message(s), Arrival::Duplicate);
  EXPECT_EQ(check.on_message(3), Arrival::Late);
  EXPECT_EQ(check.on_message(3), Arrival::Duplicate);
  EXPECT_EQ(check.received(), 5U);
}

TEST(StreamCheck, AgreesWithASetOnRandomArrivals) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 200; ++round) {
    StreamCheck check;
    std::set<std::uint64_t> seen;
    for (int i = 0; i < 300; ++i) {
      const std::uint64_t sequence = random() % 120;
      const Arrival expected = seen.contains(sequence)                     ? Arrival::Duplicate
                               : seen.empty() || sequence > *seen.rbegin() ? Arrival::InOrder
                                                                           : Arrival::Late;
      ASSERT_EQ(check.on_message(sequence), expected) << "round " << round << " step " << i;
      seen.insert(sequence);
      ASSERT_EQ(check.received(), seen.size());
    }
  }
}

TEST(MergeMembers, WhatNoMemberGotIsLost) {
  StreamCheck a;
  StreamCheck b;
  for (const std::uint64_t s : {0, 2, 4, 7}) a.on_message(s);
  for (const std::uint64_t s : {1, 3, 6}) b.on_message(s);
  const std::vector<const StreamCheck*> members = {&a, &b};
  const GroupResult result = merge_members(members, 10);
  EXPECT_EQ(result.lost, 3U);  // 5, 8, 9
  EXPECT_EQ(result.duplicates, 0U);
}

TEST(MergeMembers, TheSameMessageAtTwoMembersIsADuplicate) {
  StreamCheck a;
  StreamCheck b;
  for (const std::uint64_t s : {0, 1, 2}) a.on_message(s);
  for (const std::uint64_t s : {1, 2, 3}) b.on_message(s);
  const std::vector<const StreamCheck*> members = {&a, &b};
  const GroupResult result = merge_members(members, 4);
  EXPECT_EQ(result.lost, 0U);
  EXPECT_EQ(result.duplicates, 2U);
}

TEST(MergeMembers, AMemberThatGotNothingLosesEverything) {
  const StreamCheck silent;
  const std::vector<const StreamCheck*> members = {&silent};
  EXPECT_EQ(merge_members(members, 5).lost, 5U);
  EXPECT_EQ(merge_members({}, 5).lost, 5U);
}

}  // namespace
}  // namespace hermod::bench
