#include "tests/model/outbound_model.h"

#include <gtest/gtest.h>

#include <iostream>

namespace hermod::model {
namespace {

using Without = OutboundModel::Without;
constexpr auto kQoS1 = wire::QoS::AtLeastOnce;
constexpr auto kQoS2 = wire::QoS::ExactlyOnce;

void report(const char* what, const Outcome& outcome) {
  std::cout << what << ": " << outcome.states << " states, " << outcome.transitions << " steps, deepest "
            << outcome.depth << "\n";
}

/// Takes a rule away and shows the shortest run in which that does harm.
void expect_harm(OutboundModel::Options options, const char* harm) {
  const OutboundModel model(std::move(options));
  const Outcome outcome = explore(model, harm);
  EXPECT_EQ(outcome.violation, harm);
  EXPECT_FALSE(outcome.counterexample.empty());
  std::cout << "counterexample of " << outcome.counterexample.size() << " steps:\n"
            << outcome.story() << "\n";
}

TEST(OutboundModel, NoStateOfFiveQoS2MessagesBreaksARule) {
  const OutboundModel model(
      {.messages = {kQoS2, kQoS2, kQoS2, kQoS2, kQoS2}, .connections = 3, .crashes = 2});
  const Outcome outcome = explore(model);
  report("outbound, QoS 2", outcome);
  EXPECT_EQ(outcome.violation, "") << outcome.story();
  EXPECT_GT(outcome.states, 100'000U);
}

TEST(OutboundModel, NoStateOfMixedQoSBreaksARule) {
  const OutboundModel model(
      {.messages = {kQoS2, kQoS1, kQoS2}, .ids = 2, .receive_maximum = 2, .connections = 3, .crashes = 2});
  const Outcome outcome = explore(model);
  report("outbound, mixed", outcome);
  EXPECT_EQ(outcome.violation, "") << outcome.story();
}

TEST(OutboundModel, NoStateWithAReceiveMaximumOfOneBreaksARule) {
  const OutboundModel model({.messages = {kQoS2, kQoS1, kQoS2}, .receive_maximum = 1});
  const Outcome outcome = explore(model);
  report("outbound, one at a time", outcome);
  EXPECT_EQ(outcome.violation, "") << outcome.story();
}

TEST(OutboundModel, NoStateWithAFailedAppendBreaksARule) {
  const OutboundModel model({.messages = {kQoS2, kQoS1, kQoS2},
                             .ids = 2,
                             .receive_maximum = 2,
                             .connections = 3,
                             .crashes = 1,
                             .failures = 2});
  const Outcome outcome = explore(model);
  report("outbound, failing appends", outcome);
  EXPECT_EQ(outcome.violation, "") << outcome.story();
}

TEST(OutboundModel, WithPubrelBeforeReleasedIsDurableAMessageIsDeliveredTwice) {
  expect_harm({.messages = {kQoS2}, .without = Without::PubrelWaitsForReleased}, OutboundModel::kTwice);
}

TEST(OutboundModel, WithAnIdUsedAgainBeforeItsEraseIsDurableAMessageIsDeliveredTwice) {
  expect_harm({.messages = {kQoS2, kQoS2}, .ids = 1, .without = Without::IdWaitsForErase},
              OutboundModel::kTwice);
}

TEST(OutboundModel, WithIdsFromAFreeListAMessageIsDeliveredTwice) {
  expect_harm({.messages = {kQoS2, kQoS2}, .without = Without::IdsFromSequences}, OutboundModel::kTwice);
}

TEST(OutboundModel, WithQoS2SentBeforeItsEntryIsSyncedANewMessageIsThrownAway) {
  expect_harm({.messages = {kQoS2, kQoS2}, .without = Without::QoS2WaitsForSync}, OutboundModel::kThrownAway);
}

}  // namespace
}  // namespace hermod::model
