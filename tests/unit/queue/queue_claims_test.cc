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
    for (const auto& one : group->restore_claims(std::move(claims), now).lost) whys.push_back(one.why);
    return whys;
  }
};

TEST_F(QueueClaims, AClaimIsFoundAgainAfterARestart) {
  restore(1, "a", "k");
  restore(2, "b", "k");
  const RestoredClaims claims =
      group->restore_claims({{.consumer = kAnna, .seq = Seq{1}, .deliveries = 1}}, now);
  ASSERT_EQ(claims.kept.size(), 1U);
  EXPECT_TRUE(claims.lost.empty());
  group->resume(now);
  join(kBert);
  EXPECT_EQ(happened(), "");
  join(kAnna, QoS::ExactlyOnce, 1);
  EXPECT_EQ(happened(), "");
  EXPECT_EQ(group->settle(claims.kept[0].lease, Outcome::Done, {}, now), Settled::Now);
  EXPECT_EQ(happened(), "-a b>2");
  EXPECT_EQ(std::get<EraseEntry>(effects[0]).claim, (EndedClaim{claims.kept[0].lease, true}))
      << "released in one batch";
}

TEST_F(QueueClaims, WhatIsOnItsWayWhenTheSessionEndsWasNeverDelivered) {
  sends = false;
  definition.max_deliveries = 1;
  join(kAnna, QoS::ExactlyOnce, 1);
  put("a");
  EXPECT_EQ(happened(), "a>1");
  group->leave(kAnna, now);
  EXPECT_EQ(happened(), "") << "no dead letter, and the store has nothing to know";
  join(kBert, QoS::ExactlyOnce, 1);
  EXPECT_EQ(happened(), "a>2") << "the first delivery";
  disconnect(kBert);
  group->leave(kBert, now);
  join(kAnna, QoS::ExactlyOnce, 1);
  EXPECT_EQ(happened(), "a>1");
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
                                                       {.consumer = kBert, .seq = Seq{1}, .deliveries = 2}},
                                                      now);
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
    const RestoredClaims claims = group->restore_claims(both, now);
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
  EXPECT_EQ(last<PutDeliveryState>().claim, (EndedClaim{first, false}));
  const LeaseId second = leases.at("a");
  settle("a", Outcome::Rejected);
  EXPECT_EQ(happened(), "~a");
  EXPECT_EQ(last<MoveToDeadLetters>().claim, (EndedClaim{second, false}));
}

TEST_F(QueueClaims, WithTheSessionItsClaimsAreGoneAlready) {
  join(kAnna, QoS::ExactlyOnce);
  put("a");
  happened();
  group->leave(kAnna, now);
  EXPECT_EQ(happened(), "+a");
  EXPECT_EQ(last<PutDeliveryState>().claim, EndedClaim{});
}

TEST_F(QueueClaims, AckTimeoutRunsUntilPubrecAndTheMessageGoesToAnother) {
  definition.retry = RetryPolicy({0ms});
  join(kAnna, QoS::ExactlyOnce, 1);
  put("a");
  EXPECT_EQ(happened(), "a>1");
  const LeaseId first = leases.at("a");
  join(kBert, QoS::ExactlyOnce, 1);
  EXPECT_EQ(group->next_due(now), now.steady + 30s);
  pass(30s);
  EXPECT_EQ(happened(), "+a a>2#2");
  const EndedClaim& ended = last<PutDeliveryState>().claim;
  EXPECT_EQ(ended.lease, first);
  EXPECT_TRUE(ended.is_released) << "its client may have it";
  ASSERT_TRUE(ended.unanswered) << "it is sent again to who comes back [MQTT-4.4.0-1]";
  EXPECT_EQ(as_text(ended.unanswered->payload()), "a");
  EXPECT_EQ(answer(first, Outcome::Done), Settled::Late) << "its exchange ends by itself";
  EXPECT_EQ(settle("a", Outcome::Done), Settled::Now);
  EXPECT_EQ(happened(), "-a");
  pass(1h);
  EXPECT_EQ(happened(), "") << "what was settled with PUBREC comes back no more";
}

TEST_F(QueueClaims, WhoSaysNackBeforePubrecHasItsExchangeStill) {
  definition.retry = RetryPolicy({0ms});
  for (const QoS qos : {QoS::AtLeastOnce, QoS::ExactlyOnce}) {
    start();
    next = Seq{1};
    join(kAnna, qos, 1);
    put("a");
    EXPECT_EQ(happened(), "a>1");
    const LeaseId first = leases.at("a");
    EXPECT_EQ(group->settle(first, Outcome::RetryLater, {}, now, /*is_exchange_open=*/true), Settled::Now);
    EXPECT_EQ(happened(), "+a");
    const EndedClaim& ended = last<PutDeliveryState>().claim;
    EXPECT_EQ(ended.is_released, qos == QoS::ExactlyOnce) << "PUBREC will still come";
    EXPECT_EQ(static_cast<bool>(ended.unanswered), qos == QoS::ExactlyOnce);
    join(kBert);
    EXPECT_EQ(happened(), "a>2#2");
    EXPECT_EQ(answer(first, Outcome::Done), Settled::Late);
    EXPECT_EQ(happened(), "");
    disconnect(kBert);
    happened();
  }
}

TEST_F(QueueClaims, AckTimeoutRunsOnWhileTheConsumerIsAway) {
  definition.retry = RetryPolicy({0ms});
  join(kAnna, QoS::ExactlyOnce, 1);
  put("a");
  EXPECT_EQ(happened(), "a>1");
  const LeaseId first = leases.at("a");
  pass(20s);
  disconnect(kAnna);
  join(kBert);
  pass(10s);
  EXPECT_EQ(happened(), "+a a>2#2");
  EXPECT_TRUE(last<PutDeliveryState>().claim.unanswered);
  EXPECT_EQ(group->leases(), 1U) << "who is away cannot answer";
  EXPECT_EQ(group->settle(first, Outcome::Done, {}, now), Settled::Unknown);
}

TEST_F(QueueClaims, ALateDisconnectTakesNoClaimFromWhoIsBack) {
  definition.retry = RetryPolicy({0ms});
  join(kAnna, QoS::ExactlyOnce, 1);
  put("a");
  EXPECT_EQ(happened(), "a>1");
  const LeaseId first = leases.at("a");
  const AttachmentNo old = attached[kAnna].attachment;
  join(kAnna, QoS::ExactlyOnce, 1);
  group->disconnect(kAnna, old, now);
  pass(30s);
  EXPECT_EQ(happened(), "+a a>1#2");
  EXPECT_EQ(group->settle(first, Outcome::Done, {}, now), Settled::Late) << "it was sent again to its client";
}

TEST_F(QueueClaims, AckTimeoutOfARestoredClaimBeginsWithTheBroker) {
  definition.retry = RetryPolicy({0ms});
  restore(1, "a", "k");
  ASSERT_TRUE(lost({{.consumer = kAnna, .seq = Seq{1}, .deliveries = 1}}).empty());
  group->resume(now);
  join(kBert);
  pass(29s);
  EXPECT_EQ(happened(), "");
  pass(1s);
  EXPECT_EQ(happened(), "+a a>2#2");
}

TEST_F(QueueClaims, WhatHasNoClaimNamesNone) {
  join(kAnna);
  put("a");
  happened();
  settle("a", Outcome::Done);
  EXPECT_EQ(happened(), "-a");
  EXPECT_EQ(last<EraseEntry>().claim, EndedClaim{});
}

}  // namespace
}  // namespace hermod::queue
