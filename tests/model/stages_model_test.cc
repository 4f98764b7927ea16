#include "tests/model/stages_model.h"

#include <gtest/gtest.h>

#include <iostream>

namespace hermod::model {
namespace {

using Without = StagesModel::Without;

void report(const char* what, const Outcome& outcome) {
  std::cout << what << ": " << outcome.states << " states, " << outcome.transitions << " steps, deepest "
            << outcome.depth << "\n";
}

/// Takes a rule away and shows the shortest run in which that does harm.
void expect_harm(StagesModel::Options options, const char* harm) {
  const StagesModel model(std::move(options));
  const Outcome outcome = explore(model, harm);
  EXPECT_EQ(outcome.violation, harm);
  EXPECT_FALSE(outcome.counterexample.empty());
  std::cout << "counterexample of " << outcome.counterexample.size() << " steps:\n"
            << outcome.story() << "\n";
}

TEST(StagesModel, NoStateOfThreeMessagesBreaksARule) {
  const StagesModel model({.messages = {false, false, false}, .connections = 2, .crashes = 2});
  const Outcome outcome = explore(model);
  report("stages, one receiver", outcome);
  EXPECT_EQ(outcome.violation, "") << outcome.story();
  EXPECT_GT(outcome.states, 10'000U);
}

TEST(StagesModel, NoStateOfTwoReceiversBreaksARule) {
  const StagesModel model({.messages = {false, false}, .receivers = 2, .connections = 1});
  const Outcome outcome = explore(model);
  report("stages, two receivers", outcome);
  EXPECT_EQ(outcome.violation, "") << outcome.story();
  EXPECT_GT(outcome.states, 10'000U);
}

TEST(StagesModel, NoStateWithARetainedMessageBreaksARule) {
  const StagesModel model({.messages = {false, true, false}, .crashes = 1});
  const Outcome outcome = explore(model);
  report("stages, retained", outcome);
  EXPECT_EQ(outcome.violation, "") << outcome.story();
}

TEST(StagesModel, NoStateWithAReceiveMaximumOfOneBreaksARule) {
  const StagesModel model({.messages = {false, false, false}, .receive_maximum = 1, .connections = 3});
  const Outcome outcome = explore(model);
  report("stages, one at a time", outcome);
  EXPECT_EQ(outcome.violation, "") << outcome.story();
}

TEST(StagesModel, WithAnAckBeforeTheDiskOrElisionAMessageIsLost) {
  expect_harm({.messages = {false}, .without = Without::AckWaitsForDiskOrElision}, StagesModel::kLost);
}

TEST(StagesModel, WithElisionAtTheFirstReceiversAckAMessageIsLost) {
  expect_harm({.messages = {false, false}, .receivers = 2, .without = Without::ElisionNeedsEveryReceiver},
              StagesModel::kLost);
}

TEST(StagesModel, WithoutTheEraseOfAWrittenAppendAnEntryStays) {
  expect_harm({.messages = {false, false}, .without = Without::EraseIsWrittenWithItsAppend},
              StagesModel::kStays);
}

TEST(StagesModel, WithSequencesBehindTheLastEntryThatIsLeftALateAckLosesAMessage) {
  expect_harm({.messages = {false, false, false}, .without = Without::SequencesAreReserved},
              StagesModel::kLost);
}

TEST(StagesModel, WithAReservationThatIsElidedALateAckLosesAMessage) {
  expect_harm({.messages = {false, false}, .without = Without::ReservationIsNeverElided}, StagesModel::kLost);
}

TEST(StagesModel, WithARetainedMessageElidedItIsLost) {
  expect_harm({.messages = {false, true}, .without = Without::RetainedIsNeverElided},
              StagesModel::kRetainedLost);
}

TEST(StagesModel, WithEarlyDeliveryPastWhatWaitsMessagesAreOutOfOrder) {
  expect_harm(
      {.messages = {false, false, false}, .receive_maximum = 1, .without = Without::EarlyOnlyBehindNothing},
      StagesModel::kOrder);
}

TEST(StagesModel, WithWhatIsNotWrittenLeftToTheStoreAMessageIsStuck) {
  expect_harm({.messages = {false, false, false},
               .receive_maximum = 1,
               .without = Without::EarlyIsNeverLeftToTheStore},
              StagesModel::kStuck);
}

TEST(StagesModel, WithoutKnowingWhatWasDeliveredEarlyAMessageIsSentTwice) {
  expect_harm({.messages = {false, false}, .without = Without::DeliveredEarlyIsNotDeliveredAgain},
              StagesModel::kAgain);
}

}  // namespace
}  // namespace hermod::model
