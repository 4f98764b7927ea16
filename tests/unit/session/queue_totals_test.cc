#include <gtest/gtest.h>

#include <limits>

#include "session/session_slots.h"

namespace hermod::session {
namespace {

constexpr std::uint32_t kAnyMessages = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint64_t kAnyBytes = std::numeric_limits<std::uint64_t>::max();

TEST(QueueTotals, NothingIsQueuedBeforeTheFirstSession) {
  const SessionSlots slots;
  EXPECT_EQ(slots.total().messages, 0U);
  EXPECT_EQ(slots.total().bytes, 0U);
}

TEST(QueueTotals, QueuesOfEveryChunkAreSummed) {
  SessionSlots slots;
  const SessionId first = slots.open(0, ShardId{0});
  const SessionId last_of_chunk = slots.open(SessionSlots::kChunk - 1, ShardId{1});
  const SessionId in_third_chunk = slots.open(2 * SessionSlots::kChunk + 5, ShardId{2});
  EXPECT_EQ(slots.reserve(first, 10, kAnyMessages, kAnyBytes), SessionSlots::Room::Reserved);
  EXPECT_EQ(slots.reserve(first, 20, kAnyMessages, kAnyBytes), SessionSlots::Room::Reserved);
  slots.reserve_anyway(last_of_chunk, 300);
  slots.reserve_anyway(in_third_chunk, 4000);
  EXPECT_EQ(slots.total().messages, 4U);
  EXPECT_EQ(slots.total().bytes, 4330U);
}

TEST(QueueTotals, WhatIsReleasedOrRefusedDoesNotCount) {
  SessionSlots slots;
  const SessionId id = slots.open(7, ShardId{0});
  slots.reserve_anyway(id, 100);
  slots.reserve_anyway(id, 50);
  EXPECT_EQ(slots.reserve(id, 1, 2, kAnyBytes), SessionSlots::Room::Full);
  slots.release(id, 1, 100);
  EXPECT_EQ(slots.total().messages, 1U);
  EXPECT_EQ(slots.total().bytes, 50U);
}

TEST(QueueTotals, QueueOfAnEndedSessionDoesNotCount) {
  SessionSlots slots;
  const SessionId ended = slots.open(3, ShardId{0});
  slots.reserve_anyway(ended, 100);
  slots.close(ended);
  EXPECT_EQ(slots.total().messages, 0U);
  slots.open(3, ShardId{0});
  EXPECT_EQ(slots.total().messages, 0U);
  EXPECT_EQ(slots.total().bytes, 0U);
}

}  // namespace
}  // namespace hermod::session
