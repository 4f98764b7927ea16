#include "queue/transaction_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace hermod::queue {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using wire::ReasonCode;
using Outcome = TransactionOutcome;

class TransactionRules : public ::testing::Test {
 protected:
  TransactionRules() { begin(); }
  void begin() { rules_ = std::make_unique<TransactionTable>(options_); }
  void pass(std::chrono::milliseconds time) {
    now_.steady += time;
    now_.wall += time;
  }
  /// Zero: it may come in.
  ReasonCode prepare(std::string_view id, std::string_view client = "c", std::uint64_t size = 10,
                     std::string_view group = "g") {
    const auto refusal = rules_->prepare(id, group, client, size, now_);
    return refusal ? refusal->reason : ReasonCode::Success;
  }
  void store(std::string_view id, std::uint64_t size = 10) {
    rules_->on_prepared(id, {.seq = Seq{++last_}}, size);
  }
  void add(std::string_view id) {
    ASSERT_EQ(prepare(id), ReasonCode::Success);
    store(id);
  }
  void end(std::string_view id, Outcome outcome, std::uint64_t waiter,
           std::optional<std::string_view> group = {}) {
    rules_->end(id, outcome, group, WaiterId{waiter}, now_);
  }
  /// What is to be done now: "commit 1".
  std::vector<std::string> ready() {
    std::vector<std::string> all;
    for (const auto& one : rules_->take_ready())
      all.push_back((one.wanted == Outcome::Committed ? "commit " : "roll back ") + one.id);
    return all;
  }
  /// Who is told what: "7 ok", "8 0x83".
  std::vector<std::string> told() {
    std::vector<std::string> all;
    for (const auto& one : rules_->take_answers()) {
      const int code = one.refusal ? static_cast<int>(one.refusal->reason) : 0;
      all.push_back(std::to_string(one.waiter.v) + (one.refusal ? " " + std::to_string(code) : " ok"));
    }
    return all;
  }
  void ended(std::string_view id, Outcome outcome) { rules_->on_ended(id, outcome, Seq{++last_}, now_); }
  std::vector<std::string> checks() {
    std::vector<std::string> all;
    for (const auto& one : rules_->take_checks(now_, 10))
      all.push_back(one.id + " " + std::to_string(one.number));
    return all;
  }

  TransactionOptions options_;
  Moment now_{MonotonicTime{} + 1h, WallTime{} + 1000h};
  std::unique_ptr<TransactionTable> rules_;
  std::uint64_t last_ = 0;
};

TEST_F(TransactionRules, ItIsOpenFromItsFirstMessageToItsEnd) {
  add("1");
  add("1");
  ASSERT_NE(rules_->find("1"), nullptr);
  EXPECT_EQ(rules_->find("1")->messages.size(), 2U);
  EXPECT_EQ(rules_->find("1")->bytes, 20U);
  end("1", Outcome::Committed, 7);
  EXPECT_THAT(ready(), ElementsAre("commit 1"));
  EXPECT_THAT(told(), IsEmpty()) << "it is not on disk";
  ended("1", Outcome::Committed);
  EXPECT_THAT(told(), ElementsAre("7 ok"));
  EXPECT_EQ(rules_->find("1"), nullptr);
  EXPECT_EQ(rules_->open(), 0U);
}

TEST_F(TransactionRules, WhoSaysItAgainIsAnsweredAsTheFirst) {
  add("1");
  end("1", Outcome::RolledBack, 1);
  end("1", Outcome::RolledBack, 2);
  EXPECT_THAT(ready(), ElementsAre("roll back 1"));
  ended("1", Outcome::RolledBack);
  EXPECT_THAT(told(), ElementsAre("1 ok", "2 ok"));
  end("1", Outcome::RolledBack, 3);
  end("1", Outcome::Committed, 4);
  EXPECT_THAT(told(), ElementsAre("3 ok", "4 131"));
  EXPECT_THAT(ready(), IsEmpty());
  EXPECT_EQ(prepare("1"), ReasonCode::ImplementationSpecificError) << "it has ended";
}

TEST_F(TransactionRules, OnlyTheFirstOfTwoOppositesIsCarriedOut) {
  add("1");
  end("1", Outcome::Committed, 1);
  end("1", Outcome::RolledBack, 2);
  EXPECT_THAT(ready(), ElementsAre("commit 1"));
  ended("1", Outcome::Committed);
  EXPECT_THAT(told(), ElementsAre("1 ok", "2 131"));
}

TEST_F(TransactionRules, WhenTheFirstIsRefusedTheOtherHasItsTurn) {
  add("1");
  end("1", Outcome::Committed, 1);
  end("1", Outcome::RolledBack, 2);
  ready();
  rules_->on_not_ended("1", {ReasonCode::QuotaExceeded, "full"}, now_);
  EXPECT_THAT(told(), ElementsAre("1 151"));
  EXPECT_THAT(ready(), ElementsAre("roll back 1"));
  ended("1", Outcome::RolledBack);
  EXPECT_THAT(told(), ElementsAre("2 ok"));
}

TEST_F(TransactionRules, WhatIsRefusedStaysOpen) {
  add("1");
  end("1", Outcome::Committed, 1);
  ready();
  rules_->on_not_ended("1", {ReasonCode::QuotaExceeded, "full"}, now_);
  EXPECT_THAT(told(), ElementsAre("1 151"));
  EXPECT_EQ(rules_->find("1")->messages.size(), 1U);
  add("1");
  end("1", Outcome::Committed, 2);
  EXPECT_THAT(ready(), ElementsAre("commit 1"));
}

TEST_F(TransactionRules, AnIdThatNobodyKnowsIsRefused) {
  end("1", Outcome::Committed, 1);
  end("1", Outcome::RolledBack, 2);
  EXPECT_THAT(told(), ElementsAre("1 131", "2 131"));
}

TEST_F(TransactionRules, ACommitWaitsForWhatIsOnItsWay) {
  prepare("1");
  prepare("1");
  end("1", Outcome::Committed, 1);
  EXPECT_THAT(ready(), IsEmpty());
  EXPECT_EQ(prepare("1"), ReasonCode::ImplementationSpecificError) << "it comes too late";
  store("1");
  EXPECT_THAT(ready(), IsEmpty());
  store("1");
  EXPECT_THAT(ready(), ElementsAre("commit 1"));
}

TEST_F(TransactionRules, ACommitIsRefusedWhenOneOfItsMessagesWasNotStored) {
  prepare("1");
  prepare("1");
  end("1", Outcome::Committed, 1);
  rules_->on_not_prepared("1", 10);
  store("1");
  EXPECT_THAT(told(), ElementsAre("1 131"));
  EXPECT_THAT(ready(), IsEmpty());
  EXPECT_EQ(rules_->find("1")->messages.size(), 1U);
  EXPECT_EQ(rules_->find("1")->bytes, 10U);
  end("1", Outcome::RolledBack, 2);
  EXPECT_THAT(ready(), ElementsAre("roll back 1"));
}

TEST_F(TransactionRules, OneWhoseOnlyMessageWasNotStoredHasNotBegun) {
  prepare("1");
  rules_->on_not_prepared("1", 10);
  EXPECT_EQ(rules_->open(), 0U);
  EXPECT_FALSE(rules_->next().has_value());
  end("1", Outcome::Committed, 1);
  EXPECT_THAT(told(), ElementsAre("1 131"));
  prepare("2");
  end("2", Outcome::Committed, 2);
  rules_->on_not_prepared("2", 10);
  EXPECT_THAT(told(), ElementsAre("2 131"));
  EXPECT_EQ(rules_->open(), 0U);
}

TEST_F(TransactionRules, ItIsOfOneProducerGroup) {
  add("1");
  EXPECT_EQ(prepare("1", "other", 10, "other"), ReasonCode::NotAuthorized);
  EXPECT_EQ(prepare("1", "other", 10, "g"), ReasonCode::Success) << "any client of the group";
  store("1");
  end("1", Outcome::Committed, 1, "other");
  EXPECT_THAT(told(), ElementsAre("1 135"));
  EXPECT_THAT(ready(), IsEmpty());
  end("1", Outcome::Committed, 2, "g");
  EXPECT_THAT(ready(), ElementsAre("commit 1"));
}

TEST_F(TransactionRules, LimitsHoldForAClientATransactionAndAll) {
  options_.max_open = 3;
  options_.max_open_per_client = 2;
  options_.max_messages = 2;
  options_.max_bytes = 25;
  begin();
  add("1");
  add("2");
  EXPECT_EQ(prepare("3"), ReasonCode::QuotaExceeded) << "of one client";
  EXPECT_EQ(prepare("3", "d"), ReasonCode::Success);
  EXPECT_EQ(prepare("4", "d"), ReasonCode::QuotaExceeded) << "of all";
  EXPECT_EQ(prepare("1", "c", 16), ReasonCode::QuotaExceeded) << "bytes";
  EXPECT_EQ(prepare("1", "c", 15), ReasonCode::Success);
  EXPECT_EQ(prepare("1", "c", 0), ReasonCode::QuotaExceeded) << "messages, also on their way";
  EXPECT_EQ(prepare("5", "e", 26), ReasonCode::QuotaExceeded);
  store("1");
  end("1", Outcome::RolledBack, 1);
  ready();
  ended("1", Outcome::RolledBack);
  EXPECT_EQ(prepare("6"), ReasonCode::Success) << "there is room again";
}

TEST_F(TransactionRules, NothingHeardItsProducersAreAskedAndThenItIsGivenUp) {
  options_.check_max = 3;
  begin();
  add("1");
  pass(5999ms);
  EXPECT_THAT(checks(), IsEmpty());
  pass(1ms);
  EXPECT_EQ(rules_->next(), now_.steady);
  EXPECT_THAT(checks(), ElementsAre("1 1"));
  pass(29'999ms);
  EXPECT_THAT(checks(), IsEmpty());
  pass(1ms);
  EXPECT_THAT(checks(), ElementsAre("1 2"));
  pass(30s);
  EXPECT_THAT(checks(), ElementsAre("1 3"));
  EXPECT_THAT(ready(), IsEmpty());
  pass(30s);
  EXPECT_THAT(checks(), IsEmpty());
  EXPECT_THAT(ready(), ElementsAre("roll back 1"));
  EXPECT_TRUE(rules_->is_given_up("1"));
  ended("1", Outcome::RolledBack);
  EXPECT_THAT(told(), IsEmpty());
  end("1", Outcome::Committed, 1);
  EXPECT_THAT(told(), ElementsAre("1 131"));
}

TEST_F(TransactionRules, WhatIsHeardBeginsTheCountAnew) {
  add("1");
  pass(6s);
  EXPECT_THAT(checks(), ElementsAre("1 1"));
  add("1");
  pass(6s);
  EXPECT_THAT(checks(), ElementsAre("1 1"));
  end("1", Outcome::Committed, 1);
  ready();
  rules_->on_not_ended("1", {ReasonCode::QuotaExceeded, "full"}, now_);
  pass(6s);
  EXPECT_THAT(checks(), ElementsAre("1 1"));
}

TEST_F(TransactionRules, NobodyIsAskedAboutWhatIsBeingEnded) {
  options_.check_max = 0;
  begin();
  add("1");
  end("1", Outcome::Committed, 1);
  ready();
  pass(10min);
  EXPECT_THAT(checks(), IsEmpty());
  EXPECT_THAT(ready(), IsEmpty());
}

TEST_F(TransactionRules, AStoreThatDoesNotTakeTheRollbackIsAskedAgain) {
  options_.check_max = 0;
  begin();
  add("1");
  pass(6s);
  checks();
  EXPECT_THAT(ready(), ElementsAre("roll back 1"));
  rules_->on_not_ended("1", {ReasonCode::QuotaExceeded, "full"}, now_);
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_FALSE(rules_->is_given_up("1"));
  pass(30s);
  checks();
  EXPECT_THAT(ready(), ElementsAre("roll back 1"));
}

TEST_F(TransactionRules, SettingTheClockRollsNothingBack) {
  add("1");
  now_.wall += 24h * 365;
  EXPECT_THAT(checks(), IsEmpty());
  EXPECT_THAT(ready(), IsEmpty());
  now_.wall -= 24h * 730;
  pass(6s);
  EXPECT_THAT(checks(), ElementsAre("1 1"));
}

TEST_F(TransactionRules, AnEndIsRememberedForAWhile) {
  add("1");
  end("1", Outcome::Committed, 1);
  ready();
  ended("1", Outcome::Committed);
  told();
  pass(1h - 1ms);
  EXPECT_THAT(rules_->take_forgotten(now_, 10), IsEmpty());
  EXPECT_EQ(rules_->outcome_of("1"), Outcome::Committed);
  pass(1ms);
  EXPECT_EQ(rules_->next(), now_.steady);
  EXPECT_THAT(rules_->take_forgotten(now_, 10), ElementsAre(Seq{2}));
  EXPECT_EQ(rules_->forgotten_early(), 0U);
  end("1", Outcome::Committed, 2);
  EXPECT_THAT(told(), ElementsAre("2 131"));
  EXPECT_EQ(prepare("1"), ReasonCode::Success) << "the id is free";
}

/// Also when nothing else is due for as long as ends are remembered.
TEST_F(TransactionRules, OfTooManyEndsTheOldestAreForgottenAtOnce) {
  options_.most_ends = 2;
  begin();
  for (const char* id : {"1", "2", "3"}) {
    add(id);
    end(id, Outcome::Committed, 1);
    ready();
    ended(id, Outcome::Committed);
  }
  ASSERT_TRUE(rules_->next().has_value());
  EXPECT_LE(*rules_->next(), now_.steady);
  EXPECT_THAT(rules_->take_forgotten(now_, 10), ElementsAre(Seq{2}));
  EXPECT_EQ(rules_->forgotten_early(), 1U);
  EXPECT_EQ(rules_->remembered(), 2U);
  EXPECT_GT(*rules_->next(), now_.steady);
}

class RestoredTransactions : public TransactionRules {
 protected:
  void restore(std::uint64_t seq, const std::string& id, WallTime sent) {
    rules_->restore(Seq{seq}, {id, "g", "c", sent, {}}, 10, now_);
  }
};

TEST_F(RestoredTransactions, TheyAreOpenWithAllTheirMessagesAndAskedForAnew) {
  options_.max_open_per_client = 2;
  begin();
  restore(3, "1", now_.wall - 10min);
  restore(4, "2", now_.wall - 1min);
  restore(5, "1", now_.wall - 9min);
  rules_->resume(now_);
  ASSERT_EQ(rules_->open(), 2U);
  EXPECT_EQ(rules_->find("1")->messages.size(), 2U);
  EXPECT_EQ(now_.steady - rules_->find("1")->begun, 10min);
  EXPECT_EQ(prepare("3"), ReasonCode::QuotaExceeded);
  EXPECT_THAT(checks(), IsEmpty()) << "the time in which the broker was away is nobody's fault";
  pass(6s);
  EXPECT_THAT(checks(), ElementsAre("1 1", "2 1"));
}

TEST_F(RestoredTransactions, EndsAreRememberedForWhatIsLeft) {
  rules_->restore(Seq{3}, {"1", Outcome::Committed, now_.wall - 59min}, now_);
  rules_->restore(Seq{4}, {"2", Outcome::RolledBack, now_.wall + 24h}, now_);
  rules_->restore(Seq{5}, {"3", Outcome::Committed, now_.wall - 2h}, now_);
  rules_->resume(now_);
  EXPECT_THAT(rules_->take_forgotten(now_, 10), ElementsAre(Seq{5}));
  end("1", Outcome::Committed, 1);
  end("2", Outcome::RolledBack, 2);
  EXPECT_THAT(told(), ElementsAre("1 ok", "2 ok"));
  pass(1min);
  EXPECT_THAT(rules_->take_forgotten(now_, 10), ElementsAre(Seq{3}));
  pass(59min);
  EXPECT_THAT(rules_->take_forgotten(now_, 10), ElementsAre(Seq{4})) << "a clock that was ahead adds nothing";
}

TEST_F(RestoredTransactions, AnEndOfOneThatIsOpenAgainIsForgotten) {
  rules_->restore(Seq{3}, {"1", Outcome::Committed, now_.wall}, now_);
  restore(4, "1", now_.wall);
  rules_->resume(now_);
  EXPECT_EQ(rules_->outcome_of("1"), std::nullopt);
  EXPECT_THAT(rules_->take_forgotten(now_, 10), ElementsAre(Seq{3}));
  end("1", Outcome::Committed, 1);
  EXPECT_THAT(ready(), ElementsAre("commit 1"));
}

TEST_F(RestoredTransactions, WhatMayLackAMessageIsNotCommitted) {
  restore(3, "1", now_.wall);
  rules_->resume(now_, {Seq{4}});
  end("1", Outcome::Committed, 1);
  EXPECT_THAT(told(), ElementsAre("1 131"));
  last_ = 9;
  add("2");
  end("2", Outcome::Committed, 2);
  EXPECT_THAT(ready(), ElementsAre("commit 2"));
  end("1", Outcome::RolledBack, 3);
  EXPECT_THAT(ready(), ElementsAre("roll back 1"));
}

/// Else the next start would find nothing amiss, and commit a part.
TEST_F(RestoredTransactions, WhatIsLostStaysUntilNoneIsOpenThatMayLackIt) {
  restore(3, "1", now_.wall);
  restore(5, "2", now_.wall);
  rules_->resume(now_, {Seq{4}});
  EXPECT_THAT(rules_->take_forgotten(now_, 10), IsEmpty());
  last_ = 9;
  for (const char* id : {"1", "2"}) {
    end(id, Outcome::RolledBack, 1);
    ready();
    EXPECT_THAT(rules_->take_forgotten(now_, 10), IsEmpty());
    ended(id, Outcome::RolledBack);
  }
  EXPECT_LE(*rules_->next(), now_.steady);
  EXPECT_THAT(rules_->take_forgotten(now_, 10), ElementsAre(Seq{4}));
  begin();
  rules_->resume(now_, {Seq{4}});
  EXPECT_THAT(rules_->take_forgotten(now_, 10), ElementsAre(Seq{4})) << "nobody misses it";
}

TEST_F(RestoredTransactions, OfTwoEndsWithOneIdTheLaterCounts) {
  rules_->restore(Seq{3}, {"1", Outcome::Committed, now_.wall - 30min}, now_);
  rules_->restore(Seq{4}, {"1", Outcome::RolledBack, now_.wall - 1min}, now_);
  rules_->resume(now_);
  EXPECT_EQ(rules_->outcome_of("1"), Outcome::RolledBack);
  EXPECT_THAT(rules_->take_forgotten(now_, 10), ElementsAre(Seq{3}));
}

}  // namespace
}  // namespace hermod::queue
