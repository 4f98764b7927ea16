#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/crash/queue_ledger.h"

namespace hermod::crash {

/// A ledger of one queue, and the steps of a story that it is told.
class QueueLedgerTest : public ::testing::Test {
 protected:
  /// One queue "q" of topic t, and one for its dead letters.
  void has(QueueRules rules, std::set<std::string> reasons = {}) {
    rules.name = "q";
    rules.prefix = "t";
    rules.reasons = reasons;
    ledger_.add(rules);
    ledger_.add({.name = "q.dlq", .prefix = "t", .dead_of = "q", .reasons = std::move(reasons)});
  }
  void sent(std::uint64_t count, std::uint8_t qos = 2) {
    for (std::uint64_t i = 0; i < count; ++i) ledger_.sent("t", qos, i);
  }
  void acknowledged(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) ledger_.acknowledged("t", i);
  }
  /// Number `n` at offset n + 1, to "a", on its first connection.
  Arrival it(std::uint64_t number, std::uint64_t count = 1) {
    if (connection_ == 0) connection_ = ledger_.connected();
    Arrival arrival{.queue = "q", .consumer = "a", .topic = "t", .number = number, .life = ledger_.life()};
    arrival.connection = connection_;
    arrival.offset = number + 1;
    arrival.count = count;
    return arrival;
  }
  Arrival dead(std::uint64_t number, const std::string& reason) {
    Arrival arrival = it(number);
    arrival.queue = "q.dlq";
    arrival.death_reason = reason;
    arrival.death_queue = "q";
    return arrival;
  }
  void comes(const Arrival& arrival) { ledger_.arrived(arrival); }
  void done(const Arrival& arrival) {
    comes(arrival);
    ledger_.answering(arrival, QueueLedger::Answer::Done);
  }
  void back(const Arrival& arrival) {
    comes(arrival);
    ledger_.answering(arrival, QueueLedger::Answer::Later);
  }
  void rejected(const Arrival& arrival) {
    comes(arrival);
    ledger_.answering(arrival, QueueLedger::Answer::Reject);
  }
  void die() {
    ledger_.begin_life();
    connection_ = ledger_.connected();
  }
  void expect(const std::string& what) {
    EXPECT_THAT(ledger_.broken_promises(), ::testing::ElementsAre(::testing::HasSubstr(what)));
  }
  void expect_clean() { EXPECT_THAT(ledger_.violations(), ::testing::IsEmpty()); }
  void expect_violation(const std::string& what) {
    EXPECT_THAT(ledger_.broken_promises(), ::testing::IsEmpty());
    EXPECT_THAT(ledger_.violations(), ::testing::ElementsAre(::testing::HasSubstr(what)));
  }
  void remains(const std::vector<std::uint64_t>& numbers, std::uint64_t mark = 0) {
    std::vector<QueueLedger::Content> contents;
    for (const std::uint64_t number : numbers) contents.push_back({"t", number});
    ledger_.remains("q", contents, mark);
  }

  QueueLedger ledger_;
  std::uint64_t connection_ = 0;
};

}  // namespace hermod::crash
