#include "session/session_slots.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "queue/queue_id.h"

namespace hermod::session {
namespace {

using Room = SessionSlots::Room;

TEST(SessionSlots, EveryFlagComesBackAsItWasPlacedAndAlone) {
  SessionSlots slots;
  const SessionId id = slots.open(3, ShardId{1});
  for (unsigned bits = 0; bits < 64; ++bits) {
    const Location placed{.shard = ShardId{static_cast<std::uint16_t>(bits * 1000)},
                          .online = (bits & 1) != 0,
                          .durable = (bits & 2) != 0,
                          .congested = (bits & 4) != 0,
                          .busy = (bits & 8) != 0,
                          .late = (bits & 32) != 0,
                          .stalled = (bits & 16) != 0};
    slots.place(id, placed);
    const auto found = slots.locate(id);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->shard, placed.shard);
    EXPECT_EQ(found->online, placed.online);
    EXPECT_EQ(found->durable, placed.durable);
    EXPECT_EQ(found->congested, placed.congested);
    EXPECT_EQ(found->busy, placed.busy);
    EXPECT_EQ(found->late, placed.late);
    EXPECT_EQ(found->stalled, placed.stalled);
  }
}

TEST(SessionSlots, IdentifierOfAnEndedSessionFindsNothing) {
  SessionSlots slots;
  const SessionId ended = slots.open(5, ShardId{0});
  ASSERT_EQ(slots.reserve(ended, 10, 5, 100), Room::Reserved);
  slots.close(ended);
  EXPECT_FALSE(slots.locate(ended));
  EXPECT_EQ(slots.reserve(ended, 10, 5, 100), Room::Gone);
  const SessionId next = slots.open(5, ShardId{1});
  EXPECT_NE(next, ended);
  EXPECT_FALSE(slots.locate(ended));
  slots.release(ended, 1, 10);  // late, and for nobody
  slots.reserve_anyway(ended, 10);
  EXPECT_EQ(slots.fill(next).messages, 0U);
  EXPECT_EQ(slots.fill(next).bytes, 0U);
}

/// After 2^31 sessions in one cell, and from the 524,288th start of a store on.
TEST(SessionSlots, NoIdentifierIsThatOfANamedQueue) {
  for (const std::uint32_t generation : {0x7FFFF000U, 0x7FFFFFFEU, 0x80000000U, 0xFFFFF000U}) {
    SessionSlots slots;
    slots.begin_generations_at(generation);
    SessionId before{};
    for (int round = 0; round < 4; ++round) {
      const SessionId id = slots.open(7, ShardId{0});
      EXPECT_FALSE(queue::is_named(StreamId{id.v})) << generation << ", round " << round;
      EXPECT_NE(id, before);
      EXPECT_TRUE(slots.locate(id));
      slots.close(id);
      before = id;
    }
  }
  SessionSlots slots;
  const SessionId restored{std::uint64_t{0x80000001} << 32 | 7};  // of a store from before there were queues
  slots.restore(restored, ShardId{0});
  EXPECT_TRUE(slots.locate(restored));
  slots.close(restored);
  EXPECT_FALSE(queue::is_named(StreamId{slots.open(7, ShardId{0}).v}));
}

TEST(SessionSlots, UnknownIdentifiersFindNothing) {
  SessionSlots slots;
  EXPECT_FALSE(slots.locate(SessionId{0}));
  EXPECT_FALSE(slots.locate(SessionId{std::uint64_t{1} << 32 | 7}));
  EXPECT_FALSE(slots.locate(SessionId{std::uint64_t{1} << 32 | 0xFFFFFFFF}));
  EXPECT_EQ(slots.fill(SessionId{~std::uint64_t{0}}).messages, 0U);
}

TEST(SessionSlots, ReservationThatPassesALimitLeavesNoTrace) {
  SessionSlots slots;
  const SessionId id = slots.open(0, ShardId{0});
  EXPECT_EQ(slots.reserve(id, 60, 2, 100), Room::Reserved);
  EXPECT_EQ(slots.reserve(id, 41, 2, 100), Room::Full);
  EXPECT_EQ(slots.fill(id).messages, 1U);
  EXPECT_EQ(slots.fill(id).bytes, 60U);
  EXPECT_EQ(slots.reserve(id, 40, 2, 100), Room::Reserved);
  EXPECT_EQ(slots.reserve(id, 0, 2, 100), Room::Full);
  slots.reserve_anyway(id, 1000);
  EXPECT_EQ(slots.fill(id).messages, 3U);
  EXPECT_EQ(slots.fill(id).bytes, 1100U);
  slots.release(id, 3, 1100);
  EXPECT_EQ(slots.fill(id).messages, 0U);
  EXPECT_EQ(slots.fill(id).bytes, 0U);
}

TEST(SessionSlots, RestoredIdentifierIsFoundAndItsCellOpensUnderAHigherGeneration) {
  SessionSlots slots;
  const SessionId stored{std::uint64_t{77} << 32 | 2000};
  slots.begin_generations_at(4096);
  slots.restore(stored, ShardId{3});
  ASSERT_TRUE(slots.locate(stored));
  EXPECT_EQ(slots.locate(stored)->shard, ShardId{3});
  slots.reserve_anyway(stored, 5);
  EXPECT_EQ(slots.fill(stored).messages, 1U);
  slots.close(stored);
  EXPECT_EQ(slots.open(2000, ShardId{0}).v >> 32, 4097U);
}

TEST(SessionSlots, FreshCellsBeginAboveTheGenerationsOfEarlierStarts) {
  SessionSlots slots;
  slots.begin_generations_at(8192);
  EXPECT_EQ(slots.open(1, ShardId{0}).v, std::uint64_t{8193} << 32 | 1);
}

TEST(SessionSlots, LastCellThatThereCanBeIsUsable) {
  SessionSlots slots;
  constexpr auto kLast = static_cast<std::uint32_t>(SessionSlots::kChunk * SessionSlots::kChunks - 1);
  const SessionId id = slots.open(kLast, ShardId{9});
  ASSERT_TRUE(slots.locate(id));
  EXPECT_EQ(slots.locate(id)->shard, ShardId{9});
}

/// Another shard may still count for a session whose cell is closed and opened meanwhile.
TEST(SessionSlots, WhoCountsForAnEndedSessionChangesNothingForTheNext) {
  SessionSlots slots;
  std::atomic<std::uint64_t> current{slots.open(0, ShardId{0}).v};
  std::atomic<bool> done{false};
  std::thread publisher([&] {
    while (!done.load()) {
      const SessionId id{current.load()};
      if (slots.reserve(id, 10, 5, 100) == Room::Reserved) slots.release(id, 1, 10);
    }
  });
  std::uint32_t most = 0;
  for (int i = 0; i < 200'000; ++i) {
    slots.close(SessionId{current.load()});
    const SessionId next = slots.open(0, ShardId{0});
    current.store(next.v);
    most = std::max(most, slots.fill(next).messages);
  }
  done.store(true);
  publisher.join();
  EXPECT_LE(most, 1U) << "one message at a time was counted";
  EXPECT_EQ(slots.fill(SessionId{current.load()}).messages, 0U);
  EXPECT_EQ(slots.fill(SessionId{current.load()}).bytes, 0U);
}

TEST(SessionSlotsDeathTest, MisuseEndsTheProcess) {
  SessionSlots slots;
  const SessionId id = slots.open(0, ShardId{0});
  EXPECT_DEATH(slots.restore(id, ShardId{0}), "assertion failed");
  EXPECT_DEATH(
      slots.open(static_cast<std::uint32_t>(SessionSlots::kChunk * SessionSlots::kChunks), ShardId{0}),
      "assertion failed");
  slots.close(id);
  EXPECT_DEATH(slots.close(id), "assertion failed");
  EXPECT_DEATH(slots.place(id, {}), "assertion failed");
}

}  // namespace
}  // namespace hermod::session
