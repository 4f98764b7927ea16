#include "session/session_directory.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace hermod::session {
namespace {

using Kind = SessionDirectory::ClaimKind;
constexpr MonotonicTime kNow{std::chrono::hours{1}};

ConnectionId connection(std::uint16_t shard, std::uint32_t slot) {
  return {ShardId{shard}, slot, 1};
}

TEST(SessionDirectory, FirstClaimIsFreshAndLivesAtTheClaimer) {
  SessionDirectory directory({});
  const auto claim = directory.claim("a", connection(1, 0), kNow);
  EXPECT_EQ(claim.kind, Kind::Fresh);
  ASSERT_TRUE(directory.slots().locate(claim.session));
  EXPECT_EQ(directory.slots().locate(claim.session)->shard, ShardId{1});
}

TEST(SessionDirectory, SecondClaimAsksTheOwnerAndLaterOnesWaitInOrder) {
  SessionDirectory directory({});
  directory.claim("a", connection(0, 0), kNow);
  const auto ask = directory.claim("a", connection(1, 1), kNow);
  EXPECT_EQ(ask.kind, Kind::Ask);
  EXPECT_EQ(ask.owner, ShardId{0});
  EXPECT_EQ(directory.claim("a", connection(0, 2), kNow).kind, Kind::Wait);
  EXPECT_EQ(directory.claim("a", connection(1, 3), kNow).kind, Kind::Wait);
  EXPECT_EQ(directory.arrived("a", ShardId{1}), connection(0, 2));
  EXPECT_EQ(directory.arrived("a", ShardId{0}), connection(1, 3));
  EXPECT_EQ(directory.arrived("a", ShardId{1}), std::nullopt);
  EXPECT_EQ(directory.claim("a", connection(0, 4), kNow).owner, ShardId{1});
}

TEST(SessionDirectory, EndedIdentifierFindsNothingAndItsCellIsUsedAgain) {
  SessionDirectory directory({});
  const SessionId old = directory.claim("a", connection(0, 0), kNow).session;
  EXPECT_EQ(directory.end("a"), std::nullopt);
  EXPECT_FALSE(directory.slots().locate(old));
  const SessionId next = directory.claim("b", connection(0, 0), kNow).session;
  EXPECT_EQ(static_cast<std::uint32_t>(next.v), static_cast<std::uint32_t>(old.v));
  EXPECT_NE(next, old);
}

TEST(SessionDirectory, RequestOnItsWayFindsTheSuccessorOfAnEndedSession) {
  SessionDirectory directory({});
  const SessionId old = directory.claim("a", connection(0, 0), kNow).session;
  ASSERT_EQ(directory.claim("a", connection(1, 1), kNow).kind, Kind::Ask);
  EXPECT_EQ(directory.end("a"), std::nullopt);
  ASSERT_TRUE(directory.find("a"));
  EXPECT_NE(*directory.find("a"), old);
}

TEST(SessionDirectory, TakeoversAreThrottledPerMinuteAndClientIdentifier) {
  SessionDirectory directory({.max_sessions = 10, .takeovers_per_minute = 2});
  const SessionId id = directory.claim("a", connection(0, 0), kNow).session;
  directory.slots().place(id, {.shard = ShardId{0}, .online = true});
  for (std::uint32_t i = 1; i <= 2; ++i) {
    EXPECT_EQ(directory.claim("a", connection(0, i), kNow).kind, Kind::Ask);
    directory.arrived("a", ShardId{0});
  }
  EXPECT_EQ(directory.claim("a", connection(0, 3), kNow).kind, Kind::Throttled);
  EXPECT_EQ(directory.claim("b", connection(0, 4), kNow).kind, Kind::Fresh);
  EXPECT_EQ(directory.claim("a", connection(0, 5), kNow + std::chrono::minutes{1}).kind, Kind::Ask);
}

TEST(SessionDirectory, RefusesMoreSessionsThanItsLimit) {
  SessionDirectory directory({.max_sessions = 1, .takeovers_per_minute = 10});
  EXPECT_EQ(directory.claim("a", connection(0, 0), kNow).kind, Kind::Fresh);
  EXPECT_EQ(directory.claim("b", connection(0, 1), kNow).kind, Kind::Full);
}

TEST(SessionSlots, ReservationsStopAtTheLimitFromAnyNumberOfThreads) {
  SessionDirectory directory({});
  const SessionId id = directory.claim("a", connection(0, 0), kNow).session;
  std::atomic<int> reserved{0};
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i)
        if (directory.slots().reserve(id, 10, 1500, 1'000'000) == SessionSlots::Room::Reserved) ++reserved;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(reserved.load(), 1500);
  EXPECT_GE(reserved.load(), 1490) << "only a reservation that raced with a refused one may be refused too";
  EXPECT_EQ(directory.slots().fill(id).messages, static_cast<std::uint32_t>(reserved.load()));
  directory.slots().release(id, 1, 10);
  EXPECT_EQ(directory.slots().reserve(id, 1, 1500, 1), SessionSlots::Room::Full) << "bytes are limited too";
}

}  // namespace
}  // namespace hermod::session
