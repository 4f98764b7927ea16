#include "tests/model/inbound_model.h"

#include <gtest/gtest.h>

#include <iostream>

namespace hermod::model {
namespace {

using Without = InboundModel::Without;
constexpr auto kQoS1 = wire::QoS::AtLeastOnce;
constexpr auto kQoS2 = wire::QoS::ExactlyOnce;

void report(const char* what, const Outcome& outcome) {
  std::cout << what << ": " << outcome.states << " states, " << outcome.transitions << " steps, deepest "
            << outcome.depth << "\n";
}

/// Takes a rule away and shows the shortest run in which that does harm.
void expect_harm(Without rule, const char* harm) {
  const InboundModel model({.messages = {kQoS2, kQoS2, kQoS2}, .without = rule});
  const Outcome outcome = explore(model, harm);
  EXPECT_EQ(outcome.violation, harm);
  EXPECT_FALSE(outcome.counterexample.empty());
  std::cout << "counterexample of " << outcome.counterexample.size() << " steps:\n"
            << outcome.story() << "\n";
}

TEST(InboundModel, NoStateOfFourQoS2MessagesBreaksARule) {
  const InboundModel model({.messages = {kQoS2, kQoS2, kQoS2, kQoS2}});
  const Outcome outcome = explore(model);
  report("inbound, QoS 2", outcome);
  EXPECT_EQ(outcome.violation, "") << outcome.story();
  EXPECT_GT(outcome.states, 100'000U);
}

TEST(InboundModel, NoStateOfMixedQoSBreaksARule) {
  const InboundModel model({.messages = {kQoS2, kQoS1, kQoS2}, .ids = 2});
  const Outcome outcome = explore(model);
  report("inbound, mixed", outcome);
  EXPECT_EQ(outcome.violation, "") << outcome.story();
}

TEST(InboundModel, NoStateWithAFailedAppendBreaksARule) {
  const InboundModel model(
      {.messages = {kQoS2, kQoS1, kQoS2}, .ids = 2, .connections = 3, .crashes = 1, .failures = 2});
  const Outcome outcome = explore(model);
  report("inbound, failing appends", outcome);
  EXPECT_EQ(outcome.violation, "") << outcome.story();
}

TEST(InboundModel, WithoutPubrecWaitingForDurableAnAcknowledgedMessageIsLost) {
  expect_harm(Without::PubrecWaitsForDurable, InboundModel::kLost);
}

TEST(InboundModel, WithIdAndMessageInTwoCommitsAnAcknowledgedMessageIsLost) {
  expect_harm(Without::IdAndMessageInOneCommit, InboundModel::kLost);
}

TEST(InboundModel, WithSeenAnsweredAtOnceAnAcknowledgedMessageIsLost) {
  expect_harm(Without::SeenIsAnsweredBehindPending, InboundModel::kLost);
}

TEST(InboundModel, WithPubcompBeforeTheEraseIsDurableANewMessageIsLost) {
  expect_harm(Without::PubcompWaitsForErase, InboundModel::kLost);
}

TEST(InboundModel, WithAcksOnWhateverConnectionIsCurrentPubcompMeetsANewPublish) {
  expect_harm(Without::AckOnTheConnectionThatAsked, InboundModel::kEarlyPubcomp);
}

}  // namespace
}  // namespace hermod::model
