// What a QoS 2 consumer has is its, whatever dies, and a start decides about every claim it can find.

#include <gtest/gtest.h>

#include "tests/unit/queue/group_fixture.h"

namespace hermod::queue {
namespace {

using namespace std::chrono_literals;
using wire::QoS;
using Settled = QueueGroup::Settled;
using Why = RestoredClaims::Why;

struct QueueClaims : GroupTest {
  void restore(std::uint64_t seq, std::string_view name, std::string_view key,
               const std::optional<DeliveryState>& state = std::nullopt) {
    if (!group) start();
    names[Seq{seq}] = name;
    group->restore(Seq{seq}, {.message = message(name), .key = std::string(key)}, state, now);
  }
  /// Of one entry, the last in its order of deliveries first.
  std::vector<Why> lost(std::vector<Claim> claims) {
    std::vector<Why> whys;
    for (const auto& one : group->restore_claims(std::move(claims)).lost) whys.push_back(one.why);
    return whys;
  }
};

TEST_F(QueueClaims, AClaimIsFoundAgainAfterARestart) {
  restore(1, "a", "k");
  restore(2, "b", "k");
  const RestoredClaims claims = group->restore_claims({{.consumer = kAnna, .seq = Seq{1}, .deliveries = 1}});
  ASSERT_EQ(claims.kept.size(), 1U);
  EXPECT_TRUE(claims.lost.empty());
  group->resume(now);
  join(kBert);
  EXPECT_EQ(happened(), "");
  join(kAnna, QoS::ExactlyOnce, 1);
  EXPECT_EQ(happened(), "");
  EXPECT_EQ(group->settle(claims.kept[0].lease, Outcome::Done, {}, now), Settled::Now);
  EXPECT_EQ(happened(), "-a b>2");
  EXPECT_EQ(std::get<EraseEntry>(effects[0]).claim, claims.kept[0].lease) << "erased in one batch";
}

TEST_F(QueueClaims, AClaimWithoutItsEntryIsLostAndStopsNoStart) {
  start();
  EXPECT_EQ(lost({{.consumer = kAnna, .seq = Seq{7}, .deliveries = 1}}), std::vector{Why::NoEntry});
  group->resume(now);
  EXPECT_EQ(group->leases(), 0U);
}

TEST_F(QueueClaims, OfTwoClaimsTheLaterDeliveryIsKept) {
  restore(1, "a", "k");
  const RestoredClaims claims = group->restore_claims({{.consumer = kAnna, .seq = Seq{1}, .deliveries = 1},
                                                       {.consumer = kBert, .seq = Seq{1}, .deliveries = 2}});
  ASSERT_EQ(claims.kept.size(), 1U);
  EXPECT_EQ(claims.kept[0].claim.consumer, kBert);
  ASSERT_EQ(claims.lost.size(), 1U);
  EXPECT_EQ(claims.lost[0].claim.consumer, kAnna);
  EXPECT_EQ(claims.lost[0].why, Why::Outbid);
}

TEST_F(QueueClaims, TwoThatAreAlikeAreDecidedTheSameWayEachTime) {
  for (const bool turned : {false, true}) {
    start();
    restore(1, "a", "k");
    std::vector<Claim> both{{.consumer = kAnna, .seq = Seq{1}, .deliveries = 1},
                            {.consumer = kBert, .seq = Seq{1}, .deliveries = 1}};
    if (turned) std::swap(both[0], both[1]);
    const RestoredClaims claims = group->restore_claims(both);
    ASSERT_EQ(claims.kept.size(), 1U);
    EXPECT_EQ(claims.kept[0].claim.consumer, kAnna);
  }
}

TEST_F(QueueClaims, AStateThatIsNewerThanAClaimEndsIt) {
  restore(1, "a", "k", DeliveryState{.deliveries = 2, .due = now.wall, .pause = 0ms, .last = {}});
  EXPECT_EQ(lost({{.consumer = kAnna, .seq = Seq{1}, .deliveries = 2}}), std::vector{Why::Settled});
  group->resume(now);
  join(kBert);
  EXPECT_EQ(happened(), "a>2#3");
}

TEST_F(QueueClaims, WhateverEndsAClaimNamesIt) {
  definition.retry = RetryPolicy({0ms});
  join(kAnna, QoS::ExactlyOnce);
  put("a");
  EXPECT_EQ(happened(), "a>1");
  const LeaseId first = leases.at("a");
  settle("a", Outcome::RetryLater);
  EXPECT_EQ(happened(), "+a a>1#2");
  EXPECT_EQ(last<PutDeliveryState>().claim, first);
  const LeaseId second = leases.at("a");
  settle("a", Outcome::Rejected);
  EXPECT_EQ(happened(), "~a");
  EXPECT_EQ(last<MoveToDeadLetters>().claim, second);
}

TEST_F(QueueClaims, WithTheSessionItsClaimsAreGoneAlready) {
  join(kAnna, QoS::ExactlyOnce);
  put("a");
  happened();
  group->leave(kAnna, now);
  EXPECT_EQ(happened(), "+a");
  EXPECT_EQ(last<PutDeliveryState>().claim, LeaseId{});
}

TEST_F(QueueClaims, WhatHasNoClaimNamesNone) {
  join(kAnna);
  put("a");
  happened();
  settle("a", Outcome::Done);
  EXPECT_EQ(happened(), "-a");
  EXPECT_EQ(last<EraseEntry>().claim, LeaseId{});
}

}  // namespace
}  // namespace hermod::queue
