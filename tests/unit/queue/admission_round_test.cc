#include "queue/admission_round.h"

#include <gtest/gtest.h>

#include <array>

#include "tests/unit/queue/group_fixture.h"

namespace hermod::queue {
namespace {

using What = Admission::What;
using Step = AdmissionRound::Step;
using Fate = AdmissionRound::Fate;

constexpr QueueId kLeft{1};
constexpr QueueId kRight{2};
constexpr std::array kBoth{kLeft, kRight};

Admission admitted(std::uint64_t id) {
  return {.what = What::Admitted, .id = AdmissionId{id}};
}

TEST(AdmissionRound, IsSubmittedWhenAllHaveAdmittedIt) {
  AdmissionRound round(kBoth);
  EXPECT_EQ(round.on_answer(kRight, admitted(5)), Step::Wait);
  EXPECT_EQ(round.fate(), Fate::Open);
  EXPECT_EQ(round.on_answer(kLeft, {.what = What::Duplicate}), Step::Submit);
  ASSERT_EQ(round.admitted().size(), 1U);
  EXPECT_EQ(round.admitted()[0].queue, kRight);
  EXPECT_EQ(round.admitted()[0].admission.id, AdmissionId{5});
  EXPECT_EQ(round.fate(), Fate::Open);
  round.on_batch(true);
  EXPECT_EQ(round.fate(), Fate::Kept);
}

TEST(AdmissionRound, IsWithdrawnFromAllWhenOneRefuses) {
  for (const What refusal : {What::Full, What::RateLimited}) {
    AdmissionRound round(kBoth);
    round.on_answer(kLeft, admitted(5));
    EXPECT_EQ(round.on_answer(kRight, {.what = refusal}), Step::Withdraw);
    EXPECT_EQ(round.admitted().size(), 1U);
    EXPECT_EQ(round.fate(), Fate::Refused);
  }
}

TEST(AdmissionRound, WithoutAnybodyToRefuseItToAFullQueueMissesItAlone) {
  AdmissionRound full(kBoth, /*may_refuse=*/false);
  full.on_answer(kLeft, {.what = What::Full});
  EXPECT_EQ(full.on_answer(kRight, admitted(5)), Step::Submit);
  full.on_batch(true);
  EXPECT_EQ(full.fate(), Fate::Kept);
  AdmissionRound busy(kBoth, /*may_refuse=*/false);
  busy.on_answer(kLeft, {.what = What::Full});
  EXPECT_EQ(busy.on_answer(kRight, {.what = What::Busy}), Step::Withdraw);
  EXPECT_EQ(busy.fate(), Fate::Open);
  busy.on_ask_again();
  EXPECT_EQ(busy.fate(), Fate::AskAgain);
}

TEST(AdmissionRound, WhatItRepeatsDecidesTheAnswerAndHoldsUpNoBatch) {
  for (const bool is_kept : {true, false}) {
    AdmissionRound round(kBoth);
    round.on_answer(kLeft, {.what = What::DuplicatePending});
    EXPECT_EQ(round.on_answer(kRight, admitted(5)), Step::Submit);
    round.on_batch(true);
    EXPECT_EQ(round.fate(), Fate::Open);
    round.on_repeated(kLeft, is_kept);
    EXPECT_EQ(round.fate(), is_kept ? Fate::Kept : Fate::Failed);
  }
}

TEST(AdmissionRound, WhatItRepeatsMayEndBeforeAllHaveAnswered) {
  AdmissionRound round(kBoth);
  round.on_answer(kLeft, {.what = What::DuplicatePending});
  round.on_repeated(kLeft, false);
  EXPECT_EQ(round.on_answer(kRight, {.what = What::Duplicate}), Step::Submit);
  round.on_batch(true);
  EXPECT_EQ(round.fate(), Fate::Failed);
}

TEST(AdmissionRound, ABusyQueueIsAskedAgainAndNothingIsHeldMeanwhile) {
  AdmissionRound round(kBoth);
  round.on_answer(kLeft, {.what = What::Busy});
  EXPECT_EQ(round.on_answer(kRight, admitted(5)), Step::Withdraw);
  EXPECT_EQ(round.admitted().size(), 1U);
  EXPECT_EQ(round.fate(), Fate::Open);
  round.on_ask_again();
  EXPECT_EQ(round.fate(), Fate::AskAgain);

  AdmissionRound refused(kBoth);
  refused.on_answer(kLeft, {.what = What::Busy});
  refused.on_answer(kRight, {.what = What::Full});
  refused.on_ask_again();
  EXPECT_EQ(refused.fate(), Fate::Refused) << "a refusal is final";
}

/// Each is admitted by one queue and repeats the other's message in the second.
TEST(AdmissionRound, TwoThatRepeatEachOtherDoNotWaitForEachOther) {
  QueueDefinition definition;
  definition.name = "q";
  definition.bind = {"t"};
  definition.dedup_window = std::chrono::minutes(1);
  const Moment now{MonotonicTime{std::chrono::hours(1)}, WallTime{std::chrono::hours(1000)}};
  QueueGroup left(definition, now);
  QueueGroup right(definition, now);
  Message::Fields fields;
  fields.topic = "t";
  const MessagePtr message = Message::create(fields);
  const auto ask = [&](QueueGroup& group, std::uint64_t waiter) {
    return group.admit(
        {.entry = {.message = message, .key = "k"}, .message_id = "id", .waiter = WaiterId{waiter}}, now);
  };
  AdmissionRound anna(kBoth);
  AdmissionRound bert(kBoth);
  EXPECT_EQ(anna.on_answer(kLeft, ask(left, 1)), Step::Wait);
  EXPECT_EQ(bert.on_answer(kRight, ask(right, 2)), Step::Wait);
  ASSERT_EQ(anna.on_answer(kRight, ask(right, 1)), Step::Submit);
  ASSERT_EQ(bert.on_answer(kLeft, ask(left, 2)), Step::Submit);
  EXPECT_EQ(left.on_stored(anna.admitted()[0].admission.id, Seq{1}, now), std::vector{WaiterId{2}});
  anna.on_batch(true);
  bert.on_repeated(kLeft, true);
  EXPECT_EQ(right.on_stored(bert.admitted()[0].admission.id, Seq{1}, now), std::vector{WaiterId{1}});
  bert.on_batch(true);
  anna.on_repeated(kRight, true);
  EXPECT_EQ(anna.fate(), Fate::Kept);
  EXPECT_EQ(bert.fate(), Fate::Kept);
}

}  // namespace
}  // namespace hermod::queue
