#include "queue/settlement_line.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace hermod::queue {
namespace {

StoreChange erase(std::uint64_t seq) {
  return EraseEntry{.seq = Seq{seq}, .why = Removal::Acknowledged};
}

StoreChange dead_letter(std::uint64_t seq, std::size_t size) {
  const std::string payload(size, 'x');
  Message::Fields fields;
  fields.topic = "t";
  fields.payload = as_bytes(payload);
  return MoveToDeadLetters{.seq = Seq{seq}, .entry = {.message = Message::create(fields), .key = "k"}};
}

std::vector<Seq> sequences(std::uint64_t first, std::uint64_t last) {
  std::vector<Seq> seqs;
  for (std::uint64_t seq = first; seq <= last; ++seq) seqs.push_back(Seq{seq});
  return seqs;
}

/// Its message is in the store alone.
StoreChange unread_letter(std::uint64_t seq, std::uint64_t size) {
  return MoveToDeadLetters{.seq = Seq{seq}, .entry = {.message = {}, .key = "k"}, .size = size};
}

TEST(SettlementLine, WhatABatchLacksIsReadBeforeItIsMade) {
  SettlementLine line({.changes = 100, .bytes = 10'000});
  line.push(erase(1));
  line.push(unread_letter(2, 4'000));
  line.push(unread_letter(3, 4'000));
  line.push(unread_letter(5, 4'000));
  EXPECT_EQ(line.batch().size(), 3U) << "the size counts all the same";
  EXPECT_EQ(line.missing(), Seq{2});
  const MessagePtr read = Message::create({.topic = "t",
                                           .payload = {},
                                           .forwarded_properties = {},
                                           .expires_at = WallTime{std::chrono::hours(1)}});
  const auto has_two = [&](Seq seq) { return seq == Seq{2} ? read : MessagePtr{}; };
  EXPECT_EQ(line.fill(has_two, Seq{2}, Seq{3}), std::vector<Seq>{});
  EXPECT_EQ(line.missing(), Seq{3});
  EXPECT_EQ(line.in_memory(), (Amount{1, read->size()}));
  EXPECT_EQ(line.fill(has_two, Seq{3}, Seq{10}), sequences(3, 3)) << "it is not there";
  EXPECT_EQ(line.missing(), std::nullopt);
  const auto& filled = std::get<MoveToDeadLetters>(line.batch()[1]);
  EXPECT_EQ(filled.entry.message->expires_at(), Message::kNever);
  EXPECT_TRUE(std::get<MoveToDeadLetters>(line.batch()[2]).is_unreadable);
  EXPECT_EQ(line.made(), sequences(1, 3));
  EXPECT_EQ(line.in_memory(), Amount{});
  line.batch();
  EXPECT_EQ(line.missing(), Seq{5});
}

TEST(SettlementLine, WhatIsInFrontOfAMessageThatCannotBeReadIsABatch) {
  SettlementLine line({.changes = 100, .bytes = 10'000});
  line.push(erase(1));
  line.push(erase(2));
  line.push(unread_letter(3, 4'000));
  line.push(erase(4));
  line.push(unread_letter(5, 4'000));
  line.batch();
  ASSERT_EQ(line.missing(), Seq{3});
  EXPECT_TRUE(line.cut());
  EXPECT_EQ(line.batch().size(), 2U);
  EXPECT_EQ(line.missing(), std::nullopt);
  line.push(erase(6));
  EXPECT_EQ(line.made(), sequences(1, 2));
  EXPECT_EQ(line.batch().size(), 4U) << "in their order";
  EXPECT_EQ(line.missing(), Seq{3});
  EXPECT_FALSE(line.cut()) << "nothing is in front of it";
  EXPECT_EQ(line.fill([](Seq) { return MessagePtr{}; }, Seq{3}, Seq{10}), (std::vector<Seq>{Seq{3}, Seq{5}}));
  EXPECT_EQ(line.made(), sequences(3, 6));
}

TEST(SettlementLine, WhatComesMeanwhileGoesIntoTheNextBatch) {
  SettlementLine line;
  EXPECT_TRUE(line.batch().empty());
  line.push(erase(1));
  EXPECT_EQ(line.batch().size(), 1U);
  line.push(erase(2));
  EXPECT_EQ(line.batch().size(), 1U) << "one that failed is submitted again as it was";
  EXPECT_EQ(line.made(), sequences(1, 1));
  EXPECT_FALSE(line.is_under_way());
  EXPECT_FALSE(line.is_empty());
  EXPECT_EQ(line.batch().size(), 1U);
  EXPECT_EQ(line.made(), sequences(2, 2));
  EXPECT_TRUE(line.is_empty());
}

TEST(SettlementLine, ABatchIsBoundedByItsChanges) {
  SettlementLine line({.changes = 3});
  for (std::uint64_t seq = 1; seq <= 7; ++seq) line.push(erase(seq));
  EXPECT_EQ(line.batch().size(), 3U);
  EXPECT_EQ(line.made(), sequences(1, 3));
  EXPECT_EQ(line.batch().size(), 3U);
  EXPECT_EQ(line.waiting(), 1U);
  EXPECT_EQ(line.made(), sequences(4, 6));
  EXPECT_EQ(line.batch().size(), 1U);
}

TEST(SettlementLine, ABatchIsBoundedByItsBytesAndALargeLetterGoesAlone) {
  SettlementLine line({.changes = 100, .bytes = 10'000});
  line.push(dead_letter(1, 4'000));
  line.push(dead_letter(2, 4'000));
  line.push(dead_letter(3, 50'000));
  line.push(erase(4));
  EXPECT_EQ(line.in_memory().messages, 3U);
  EXPECT_GT(line.in_memory().bytes, 58'000U);
  EXPECT_EQ(line.batch().size(), 2U);
  EXPECT_EQ(line.made(), sequences(1, 2));
  EXPECT_EQ(line.in_memory().messages, 1U);
  EXPECT_EQ(line.batch().size(), 1U);
  EXPECT_EQ(line.made(), sequences(3, 3));
  line.batch();
  EXPECT_EQ(line.made(), sequences(4, 4));
}

TEST(SettlementLine, WhetherOthersAreReadWithTheFirst) {
  SettlementLine line;
  line.push(unread_letter(10, 100));
  line.push(erase(11));
  line.push(unread_letter(5, 100));
  line.push(unread_letter(300, 100));
  line.batch();
  EXPECT_EQ(line.missing(), Seq{10});
  EXPECT_TRUE(line.is_missing_alone(256)) << "a page begins with it";
  EXPECT_FALSE(line.is_missing_alone(512));
}

TEST(SettlementLine, LettersThatTheStoreDoesNotTakeLeaveMemory) {
  SettlementLine line({.changes = 100, .bytes = 10'000});
  line.bound_memory();
  for (std::uint64_t seq = 1; seq <= 50; ++seq) line.push(dead_letter(seq, 4'000));
  EXPECT_EQ(line.in_memory(), (Amount{2, 8'002}));
  EXPECT_EQ(line.batch().size(), 2U) << "their sizes count";
  EXPECT_EQ(line.missing(), std::nullopt);
  line.made();
  EXPECT_EQ(line.batch().size(), 2U);
  EXPECT_EQ(line.missing(), Seq{3});
  const auto read = [](Seq seq) {
    return std::get<MoveToDeadLetters>(dead_letter(seq.v, 4'000)).entry.message;
  };
  EXPECT_EQ(line.fill(read, Seq{3}, Seq{10}), std::vector<Seq>{});
  EXPECT_EQ(line.missing(), std::nullopt);
  EXPECT_EQ(line.made(), sequences(3, 4));
}

TEST(SettlementLine, WhatGoesBackIntoASessionCountsWithItsMessage) {
  const std::string payload(1000, 'x');
  EraseEntry gone{.seq = Seq{1}, .claim = {.lease = LeaseId{1}}};
  const std::uint64_t without = batch_bytes(gone);
  Message::Fields fields;
  fields.topic = "t";
  fields.payload = as_bytes(payload);
  gone.claim.unanswered = Message::create(fields);
  EXPECT_EQ(batch_bytes(gone), without + 1001);
}

TEST(SettlementLine, MessageIdentifiersCountOneByOneAndNobodyHearsOfThem) {
  SettlementLine line({.changes = 3});
  line.push(erase(1));
  line.push(EraseMessageIds{{1, 2, 3, 4, 5}});
  std::vector<std::uint64_t> erased;
  std::vector<Seq> settled;
  int batches = 0;
  for (; !line.batch().empty(); ++batches) {
    std::size_t changes = 0;
    for (const StoreChange& change : line.batch()) {
      const auto* ids = std::get_if<EraseMessageIds>(&change);
      changes += ids == nullptr ? 1 : ids->numbers.size();
      if (ids != nullptr) erased.insert(erased.end(), ids->numbers.begin(), ids->numbers.end());
    }
    EXPECT_LE(changes, 3U);
    for (const Seq seq : line.made()) settled.push_back(seq);
  }
  EXPECT_EQ(batches, 3);
  EXPECT_EQ(erased, (std::vector<std::uint64_t>{1, 2, 3, 4, 5}));
  EXPECT_EQ(settled, sequences(1, 1));
}

}  // namespace
}  // namespace hermod::queue
