#include "queue/settlement.h"

#include <gtest/gtest.h>

namespace hermod::queue {
namespace {

using namespace std::chrono_literals;
using wire::ReasonCode;
using Decision = Verdict::What;

const RetryPolicy kRetry({10s, 30s, 1min});

Verdict judged(Outcome outcome, std::uint32_t deliveries,
               std::optional<std::chrono::seconds> retry_after = {}) {
  return judge(outcome, deliveries, retry_after, kRetry, 5);
}

TEST(Settlement, ReasonCodesSayDoneRetryOrReject) {
  for (const auto done : {ReasonCode::Success, ReasonCode::NoMatchingSubscribers})
    EXPECT_EQ(outcome_for(done), Outcome::Done);
  for (const auto later : {ReasonCode::UnspecifiedError, ReasonCode::ImplementationSpecificError,
                           ReasonCode::QuotaExceeded, ReasonCode::PacketIdentifierInUse})
    EXPECT_EQ(outcome_for(later), Outcome::RetryLater);
  for (const auto never :
       {ReasonCode::NotAuthorized, ReasonCode::TopicNameInvalid, ReasonCode::PayloadFormatInvalid})
    EXPECT_EQ(outcome_for(never), Outcome::Rejected);
}

TEST(Settlement, EveryReasonOfAnAckHasAnOutcomeThatNeverLosesAFailure) {
  for (unsigned code = 0; code < 256; ++code) {
    const auto reason = static_cast<ReasonCode>(code);
    EXPECT_EQ(outcome_for(reason) == Outcome::Done, code < 0x80) << code;
  }
}

TEST(Settlement, DoneRemovesHoweverOftenItTook) {
  for (const std::uint32_t deliveries : {1U, 5U, 9U})
    EXPECT_EQ(judged(Outcome::Done, deliveries), (Verdict{.what = Decision::Remove}));
}

TEST(Settlement, ARejectionIsADeathAtOnce) {
  EXPECT_EQ(judged(Outcome::Rejected, 1), (Verdict{.what = Decision::Die, .reason = DeathReason::Rejected}));
  EXPECT_EQ(judged(Outcome::Rejected, 5), (Verdict{.what = Decision::Die, .reason = DeathReason::Rejected}));
}

TEST(Settlement, NackAndTimeoutPauseByTheScheduleWhoseLastStepGoesOn) {
  for (const Outcome outcome : {Outcome::RetryLater, Outcome::TimedOut}) {
    EXPECT_EQ(judged(outcome, 1), (Verdict{.what = Decision::Again, .pause = 10s}));
    EXPECT_EQ(judged(outcome, 2), (Verdict{.what = Decision::Again, .pause = 30s}));
    EXPECT_EQ(judged(outcome, 3), (Verdict{.what = Decision::Again, .pause = 1min}));
    EXPECT_EQ(judged(outcome, 4), (Verdict{.what = Decision::Again, .pause = 1min}));
  }
}

TEST(Settlement, TheLastDeliveryThatFailsIsADeath) {
  for (const Outcome outcome : {Outcome::RetryLater, Outcome::TimedOut, Outcome::ConnectionLost}) {
    EXPECT_EQ(judged(outcome, 4).what, Decision::Again);
    EXPECT_EQ(judged(outcome, 5), (Verdict{.what = Decision::Die, .reason = DeathReason::DeliveryLimit}));
    EXPECT_EQ(judged(outcome, 6).what, Decision::Die) << "the limit may have been lowered";
  }
}

TEST(Settlement, ALostConnectionCostsNoPauseButCounts) {
  EXPECT_EQ(judged(Outcome::ConnectionLost, 1), (Verdict{.what = Decision::Again}));
  EXPECT_EQ(judged(Outcome::ConnectionLost, 4, 60s), (Verdict{.what = Decision::Again}));
}

TEST(Settlement, RetryAfterReplacesThePauseOfANackWithinReason) {
  EXPECT_EQ(judged(Outcome::RetryLater, 1, 3s).pause, 3s);
  EXPECT_EQ(judged(Outcome::RetryLater, 1, 0s).pause, 0s);
  EXPECT_EQ(judged(Outcome::RetryLater, 1, 4'000'000'000s).pause, kLongestPause);
  EXPECT_EQ(judged(Outcome::TimedOut, 1, 3s).pause, 10s) << "who did not answer did not ask";
}

TEST(RetryPolicy, TheDefaultHasSixteenPausesFromTenSecondsToTwoHours) {
  const RetryPolicy policy;
  EXPECT_EQ(policy.text(), "10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h");
  EXPECT_EQ(policy.pause_before(1), 10s);
  EXPECT_EQ(policy.pause_before(16), 2h);
  EXPECT_EQ(policy.pause_before(1000), 2h);
}

TEST(RetryPolicy, TextIsWhatItWasParsedFrom) {
  for (const char* text : {"none", "0s", "100ms", "1s 1s 30d"})
    EXPECT_EQ(RetryPolicy::parse(text)->text(), text);
  EXPECT_EQ(RetryPolicy::parse("none")->pause_before(3), 0s);
}

TEST(RetryPolicy, AnythingElseIsRefused) {
  std::string too_many = "1s";
  for (int i = 1; i < 64; ++i) too_many += " 1s";
  EXPECT_TRUE(RetryPolicy::parse(too_many).has_value());
  too_many += " 1s";
  for (const std::string& text : {std::string(), std::string("10"), std::string("1s  1s"), std::string("1s "),
                                  std::string("1s,1s"), std::string("31d"), std::string("none 1s"), too_many})
    EXPECT_FALSE(RetryPolicy::parse(text).has_value()) << text;
}

TEST(DeathReason, NamesAreThoseOfTheHistory) {
  EXPECT_EQ(name_of(DeathReason::Rejected), "rejected");
  EXPECT_EQ(name_of(DeathReason::Expired), "expired");
  EXPECT_EQ(name_of(DeathReason::MaxLength), "maxlen");
  EXPECT_EQ(name_of(DeathReason::DeliveryLimit), "delivery_limit");
}

}  // namespace
}  // namespace hermod::queue
