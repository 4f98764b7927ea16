#include "queue/held_messages.h"

#include <gtest/gtest.h>

#include <string>

namespace hermod::queue {
namespace {

MessagePtr message_of_size(std::size_t size) {
  const std::string payload(size - 1, 'x');
  return Message::create({.topic = "t", .payload = as_bytes(payload), .forwarded_properties = {}});
}

TEST(HeldMessages, WhatIsFarthestBehindLeavesFirst) {
  HeldMessages held;
  held.set_limit({4, 1000});
  for (std::uint64_t seq = 1; seq <= 6; ++seq) held.put(Seq{seq}, message_of_size(10));
  EXPECT_EQ(held.amount(), (Amount{6, 60}));
  EXPECT_EQ(held.trim(Seq{}), Seq{6});
  EXPECT_EQ(held.amount(), (Amount{4, 40}));
  EXPECT_TRUE(held.find(Seq{4}));
  EXPECT_FALSE(held.find(Seq{5}));
}

TEST(HeldMessages, WhatIsHeldUpLeavesBeforeIt) {
  HeldMessages held;
  held.set_limit({4, 1000});
  for (std::uint64_t seq = 1; seq <= 6; ++seq) held.put(Seq{seq}, message_of_size(10));
  EXPECT_EQ(held.trim(Seq{5}), Seq{}) << "what is behind is there up to the end";
  EXPECT_FALSE(held.find(Seq{2}));
  EXPECT_TRUE(held.find(Seq{3}));
  EXPECT_TRUE(held.find(Seq{6}));
}

/// It came back from a consumer.
TEST(HeldMessages, OneThatIsTooLargeDrivesOutNoOther) {
  HeldMessages held;
  held.set_limit({8, 100});
  held.put(Seq{1}, message_of_size(101));
  for (std::uint64_t seq = 2; seq <= 5; ++seq) held.put(Seq{seq}, message_of_size(10));
  EXPECT_EQ(held.trim(Seq{}), Seq{}) << "what is behind is there up to the end";
  EXPECT_FALSE(held.find(Seq{1}));
  EXPECT_EQ(held.amount(), (Amount{4, 40}));
  held.put(Seq{6}, message_of_size(50));
  held.set_limit({8, 45});
  held.trim(Seq{});
  EXPECT_FALSE(held.find(Seq{6})) << "for the lower limit it is, too";
  EXPECT_EQ(held.amount(), (Amount{4, 40}));
}

TEST(HeldMessages, TheLimitIsOfBytesToo) {
  HeldMessages held;
  held.set_limit({100, 100});
  EXPECT_FALSE(held.has_room(101)) << "not even one";
  EXPECT_TRUE(held.has_room(100));
  held.put(Seq{1}, message_of_size(60));
  EXPECT_TRUE(held.has_room(40));
  EXPECT_FALSE(held.has_room(41));
  EXPECT_FALSE(held.has_room(1000));
  held.put(Seq{2}, message_of_size(60));
  held.trim(Seq{});
  EXPECT_EQ(held.amount(), (Amount{1, 60}));
  held.take(Seq{1});
  held.put(Seq{3}, message_of_size(101));
  held.trim(Seq{});
  EXPECT_EQ(held.amount(), Amount{});
}

TEST(HeldMessages, AMessageIsTakenOnce) {
  HeldMessages held;
  held.put(Seq{1}, message_of_size(10));
  held.put(Seq{1}, message_of_size(20));
  EXPECT_EQ(held.amount(), (Amount{1, 10}));
  EXPECT_TRUE(held.take(Seq{1}));
  EXPECT_FALSE(held.take(Seq{1}));
  EXPECT_EQ(held.amount(), Amount{});
}

TEST(HeldMessages, ThePageIsAPartOfTheLimit) {
  HeldMessages held;
  held.set_limit({8, 80});
  EXPECT_EQ(held.page(), (Amount{2, 20}));
  EXPECT_TRUE(held.is_low());
  for (std::uint64_t seq = 1; seq <= 3; ++seq) held.put(Seq{seq}, message_of_size(2));
  EXPECT_FALSE(held.is_low());
}

}  // namespace
}  // namespace hermod::queue
