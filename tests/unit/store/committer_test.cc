#include "store/committer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/store/commit_fixture.h"

namespace hermod::store::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_F(CommitterTest, NothingWaitingIsNothingDone) {
  EXPECT_FALSE(committer_.run_once());
  EXPECT_EQ(journal_.appends, 0);
  EXPECT_THAT(observer_.events, IsEmpty());
}

TEST_F(CommitterTest, EverythingWaitingBecomesOneRecord) {
  committer_.submit(appending(1), named("a"));
  committer_.submit(appending(2), named("b"));
  committer_.submit(appending(1), named("c"));
  EXPECT_TRUE(committer_.run_once());
  EXPECT_FALSE(committer_.run_once());
  EXPECT_THAT(observer_.events, ElementsAre("sequenced:a 0@1=1", "sequenced:b 0@2=1", "sequenced:c 0@1=2",
                                            "durable:a 0@1=1", "durable:b 0@2=1", "durable:c 0@1=2"));
  EXPECT_THAT(observer_.call_sizes, ElementsAre(3, 3));
  ASSERT_EQ(journal_.records.size(), 1U);
  const Result<Group> group = decode_group(as_bytes(journal_.records[0]));
  ASSERT_TRUE(group) << group.error().detail;
  EXPECT_EQ(group->number, GroupNo{1});
  EXPECT_EQ(group->batch_time, clock_.wall());
  ASSERT_EQ(group->batches.size(), 3U);
  EXPECT_EQ(OpReader(group->batches[2]).next()->seq, Seq{2}) << "the record carries the sequences";
}

TEST_F(CommitterTest, WhoSubmitsGetsTheMemoryOfBatchesThatAreDone) {
  const std::string value(300, 'v');
  const auto batch_of = [&](WriteBatch batch) {
    batch.append({1}, as_bytes(value));
    return batch;
  };
  BatchMemory memory;
  std::vector<Submission> batches;
  const auto submit = [&] {
    committer_.submit_all(batches, &memory);
    committer_.run_once();
  };
  for (int i = 0; i < 3; ++i) batches.push_back({batch_of({}), nullptr});
  submit();
  EXPECT_TRUE(memory.empty()) << "they are not done";
  committer_.run_once();
  committer_.submit_all(batches);
  EXPECT_TRUE(memory.empty()) << "it did not ask";
  batches.push_back({batch_of({}), nullptr});
  submit();
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(memory.empty()) << i;
    WriteBatch batch = memory.batch();
    EXPECT_TRUE(batch.empty());
    EXPECT_EQ(batch.bytes(), 0U);
    batches.push_back({batch_of(std::move(batch)), nullptr});
  }
  EXPECT_TRUE(memory.empty());
  submit();
  ASSERT_EQ(journal_.records.size(), 3U);
  const auto new_one = decode_group(as_bytes(journal_.records[0]));
  const auto used_again = decode_group(as_bytes(journal_.records[2]));
  ASSERT_TRUE(new_one && used_again);
  for (const EncodedBatch& batch : used_again->batches)
    EXPECT_EQ(as_text(batch.ops), as_text(new_one->batches[1].ops)) << "as if it were new";
}

TEST_F(CommitterTest, SequencedComesBeforeTheJournalAndDurableBehindIt) {
  class OrderedObserver final : public CommitObserver {
   public:
    explicit OrderedObserver(const ScriptedJournal& journal) : journal_(journal) {}
    void on_sequenced(std::span<Done>) override { at_sequenced = journal_.appends; }
    void on_durable(std::span<Done>) override { at_durable = journal_.appends; }
    void on_failed(std::span<Done>, const Error&) override {}
    int at_sequenced = -1;
    int at_durable = -1;

   private:
    const ScriptedJournal& journal_;
  } observer(journal_);
  Committer committer(options_, journal_, observer, clock_);
  committer.submit(appending(1), nullptr);
  committer.run_once();
  EXPECT_EQ(observer.at_sequenced, 0);
  EXPECT_EQ(observer.at_durable, 1);
}

TEST_F(CommitterTest, AGroupOfBarriersNeedsNoJournal) {
  committer_.submit({}, named("a"));
  committer_.submit({}, named("b"));
  EXPECT_TRUE(committer_.run_once());
  EXPECT_EQ(journal_.appends, 0);
  EXPECT_THAT(observer_.events, ElementsAre("sequenced:a", "sequenced:b", "durable:a", "durable:b"));
}

TEST_F(CommitterTest, ABarrierIsDoneBehindWhatWasSubmittedBefore) {
  committer_.submit(appending(1), named("write"));
  committer_.submit({}, named("barrier"));
  committer_.run_once();
  EXPECT_THAT(observer_.events, ElementsAre("sequenced:write 0@1=1", "sequenced:barrier",
                                            "durable:write 0@1=1", "durable:barrier"));
}

TEST_F(CommitterTest, SubmitAllKeepsTheOrderAndLeavesTheListEmpty) {
  std::vector<Submission> batches;
  batches.push_back({appending(1), named("a")});
  batches.push_back({{}, named("b")});
  committer_.submit_all(batches);
  EXPECT_TRUE(batches.empty());
  batches.push_back({appending(1), named("c")});
  committer_.submit_all(batches);
  committer_.submit_all(batches);
  committer_.run_once();
  EXPECT_THAT(observer_.events, ElementsAre("sequenced:a 0@1=1", "sequenced:b", "sequenced:c 0@1=2",
                                            "durable:a 0@1=1", "durable:b", "durable:c 0@1=2"));
}

TEST_F(CommitterTest, EachAppendOfABatchIsNamedByItsOp) {
  WriteBatch batch;
  batch.put(Table::Retained, as_bytes("m"), as_bytes("body"));
  batch.append({7}, as_bytes("x"));
  batch.erase(Table::Delayed, as_bytes("d"));
  batch.append({8}, as_bytes("y"));
  committer_.submit(std::move(batch), named("a"));
  committer_.run_once();
  EXPECT_THAT(observer_.events, ElementsAre("sequenced:a 1@7=1 3@8=1", "durable:a 1@7=1 3@8=1"));
}

TEST_F(CommitterTest, AGroupIsClosedAtItsSize) {
  options_.max_group_bytes = 90;
  Committer committer(options_, journal_, observer_, clock_);
  const std::string value(40, 'v');
  for (int i = 0; i < 3; ++i) committer.submit(appending(1, value), nullptr);
  committer.submit(appending(1, std::string(500, 'v')), nullptr);
  committer.submit(appending(1, value), nullptr);
  committer.run_once();
  EXPECT_THAT(journal_.numbers, ElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT(observer_.call_sizes, ElementsAre(1, 1, 1, 1, 1, 1, 1, 1, 1, 1));

  options_.max_group_bytes = 140;
  Committer wider(options_, journal_, observer_, clock_);
  observer_.call_sizes.clear();
  for (int i = 0; i < 5; ++i) wider.submit(appending(1, value), nullptr);
  wider.run_once();
  EXPECT_THAT(observer_.call_sizes, ElementsAre(2, 2, 2, 2, 1, 1)) << "two batches of 47 bytes, never three";
}

TEST_F(CommitterTest, RestoredSequencesGoOnWhereTheyStopped) {
  committer_.restore_next({1}, {100});
  committer_.submit(appending(1), named("a"));
  committer_.submit(appending(2), named("b"));
  committer_.run_once();
  EXPECT_THAT(observer_.events, ElementsAre("sequenced:a 0@1=100", "sequenced:b 0@2=1", "durable:a 0@1=100",
                                            "durable:b 0@2=1"));
}

TEST_F(CommitterTest, AGaplessStreamGoesOnWhereItsLastDurableEntryIs) {
  committer_.restore_gapless({1}, {6});
  committer_.submit(appending(1), named("a"));
  committer_.submit(appending(2), named("b"));
  committer_.run_once();
  journal_.failing = {2};
  committer_.submit(appending(1), named("lost"));
  committer_.submit(appending(2), named("lost too"));
  committer_.submit(appending(1), named("lost as well"));
  committer_.run_once();
  committer_.resume({2});
  committer_.submit(appending(1), named("c"));
  committer_.submit(appending(2), named("d"));
  observer_.events.clear();
  committer_.run_once();
  EXPECT_THAT(observer_.events,
              ElementsAre("sequenced:c 0@1=7", "sequenced:d 0@2=3", "durable:c 0@1=7", "durable:d 0@2=3"))
      << "the other one is never given a sequence twice";
}

TEST_F(CommitterTest, ForgettingTakesEffectBehindWhatWasSubmitted) {
  committer_.submit(appending(1), nullptr);
  committer_.run_once();
  committer_.submit(appending(1), named("last"));
  committer_.forget({1});
  committer_.run_once();
  EXPECT_EQ(observer_.events.back(), "durable:last 0@1=2");
  committer_.submit(appending(1), named("after"));
  committer_.run_once();
  EXPECT_EQ(observer_.events.back(), "durable:after 0@1=1") << "the table holds nothing of it any more";
}

TEST_F(CommitterTest, BytesInFlightCountFromSubmitToTheEnd) {
  EXPECT_EQ(committer_.bytes_in_flight(), 0U);
  WriteBatch batch = appending(1, std::string(1000, 'x'));
  const std::size_t cost = Committer::cost(batch);
  EXPECT_GT(cost, 1000U);
  committer_.submit(std::move(batch), nullptr);
  EXPECT_EQ(committer_.bytes_in_flight(), cost);
  std::vector<Submission> more(2);
  committer_.submit_all(more);
  EXPECT_EQ(committer_.bytes_in_flight(), cost + 2 * Committer::cost({})) << "barriers count as well";
  committer_.run_once();
  EXPECT_EQ(committer_.bytes_in_flight(), 0U);
}

TEST_F(CommitterTest, AFailedAppendFailsItsWritesButNotItsBarriers) {
  journal_.failing = {1};
  committer_.submit({}, named("a"));
  committer_.submit(appending(1), named("b"));
  committer_.submit(appending(1), named("c"));
  committer_.submit({}, named("d"));
  committer_.run_once();
  EXPECT_FALSE(committer_.healthy());
  EXPECT_THAT(observer_.events,
              ElementsAre("sequenced:a", "sequenced:b 0@1=1", "sequenced:c 0@1=2", "sequenced:d", "durable:a",
                          "failed:b 0@1=1", "failed:c 0@1=2", "durable:d"));
  EXPECT_EQ(observer_.last_error.code, Errc::NoSpace);
  EXPECT_EQ(observer_.last_error.detail, "disk full");
  EXPECT_EQ(committer_.bytes_in_flight(), 0U);
}

TEST_F(CommitterTest, AfterAFailureTheStoreIsReadOnlyUntilItIsResumed) {
  journal_.failing = {1};
  committer_.submit(appending(1), named("a"));
  committer_.run_once();
  observer_.events.clear();

  committer_.submit(appending(1), named("b"));
  committer_.submit({}, named("c"));
  committer_.submit(appending(1), named("d"));
  committer_.run_once();
  EXPECT_EQ(journal_.appends, 1) << "the journal is not touched while nothing is known about its end";
  EXPECT_THAT(observer_.events, ElementsAre("failed:b", "sequenced:c", "durable:c", "failed:d"));
  EXPECT_EQ(observer_.last_error.code, Errc::NoSpace);
  observer_.events.clear();

  committer_.submit(appending(1), named("before"));
  committer_.resume({9});
  EXPECT_TRUE(committer_.run_once());
  EXPECT_TRUE(committer_.healthy());
  EXPECT_THAT(observer_.events, ElementsAre("failed:before")) << "it may build on what has failed";
  observer_.events.clear();
  committer_.submit(appending(1), named("e"));
  committer_.run_once();
  EXPECT_THAT(observer_.events, ElementsAre("sequenced:e 0@1=2", "durable:e 0@1=2"))
      << "the sequence of the failed append is not given again";
  EXPECT_THAT(journal_.numbers, ElementsAre(1, 9));
}

TEST_F(CommitterTest, TheFirstGroupGetsTheNumberThatRecoveryFound) {
  committer_.resume({1000});
  committer_.submit(appending(1), named("a"));
  committer_.run_once();
  EXPECT_THAT(journal_.numbers, ElementsAre(1000));
  EXPECT_EQ(observer_.events.back(), "durable:a 0@1=1");
}

TEST_F(CommitterTest, GroupsBehindAFailedOneInTheSameDrainFailToo) {
  options_.max_group_bytes = 1;
  journal_.failing = {2};
  Committer committer(options_, journal_, observer_, clock_);
  for (const char* name : {"a", "b", "c"}) committer.submit(appending(1), named(name));
  committer.run_once();
  EXPECT_THAT(observer_.events, ElementsAre("sequenced:a 0@1=1", "durable:a 0@1=1", "sequenced:b 0@1=2",
                                            "failed:b 0@1=2", "failed:c"));
}

TEST_F(CommitterTest, EveryTicketIsGoneWhenItsGroupIs) {
  committer_.submit(appending(1), named("a"));
  committer_.submit({}, named("b"));
  EXPECT_EQ(NamedTicket::alive(), 2);
  committer_.run_once();
  EXPECT_EQ(NamedTicket::alive(), 0);
}

TEST_F(CommitterTest, TheObserverMayKeepATicket) {
  class Keeper final : public CommitObserver {
   public:
    void on_sequenced(std::span<Done>) override {}
    void on_durable(std::span<Done> group) override {
      for (Done& done : group) kept.push_back(std::move(done.ticket));
    }
    void on_failed(std::span<Done>, const Error&) override {}
    std::vector<std::unique_ptr<Ticket>> kept;
  } keeper;
  Committer committer(options_, journal_, keeper, clock_);
  committer.submit(appending(1), named("a"));
  committer.run_once();
  EXPECT_EQ(NamedTicket::alive(), 1);
  ASSERT_EQ(keeper.kept.size(), 1U);
}

TEST_F(CommitterTest, StopFinishesWhatWaitsEvenWithoutAThread) {
  committer_.submit(appending(1), named("a"));
  committer_.stop();
  EXPECT_EQ(observer_.events.back(), "durable:a 0@1=1");
}

/// What one record holds for Table::Streams, as "stream=next".
std::vector<std::string> reservations_in(const std::string& record) {
  std::vector<std::string> found;
  const Result<Group> group = decode_group(as_bytes(record));
  if (!group) return {"damaged"};
  for (const EncodedBatch& batch : group->batches) {
    OpReader reader(batch);
    while (const auto op = reader.next()) {
      if (op->kind != Op::Kind::Put || op->table != Table::Streams) continue;
      found.push_back(std::to_string(ByteReader(op->key).u64()) + "=" +
                      std::to_string(ByteReader(op->value).u64()));
    }
  }
  return found;
}

TEST_F(CommitterTest, ASequenceIsReservedInTheGroupThatGivesIt) {
  committer_.submit(appending(7), nullptr);
  committer_.run_once();
  committer_.submit(appending(7), nullptr);
  committer_.run_once();
  for (int i = 0; i < 63; ++i) committer_.submit(appending(7), nullptr);
  committer_.run_once();
  ASSERT_EQ(journal_.records.size(), 3U);
  EXPECT_EQ(reservations_in(journal_.records[0]), std::vector<std::string>{"7=65"});
  EXPECT_TRUE(reservations_in(journal_.records[1]).empty());
  EXPECT_EQ(reservations_in(journal_.records[2]), std::vector<std::string>{"7=113"});
}

TEST_F(CommitterTest, AStreamReservesAgainAfterAFailedGroup) {
  journal_.failing = {1};
  committer_.submit(appending(7), nullptr);
  committer_.run_once();
  committer_.resume({1});
  committer_.submit(appending(7), nullptr);
  committer_.run_once();
  ASSERT_EQ(journal_.records.size(), 1U);
  EXPECT_EQ(reservations_in(journal_.records[0]), std::vector<std::string>{"7=66"});
}

class RecordingSink final : public CommitSink {
 public:
  explicit RecordingSink(RecordingObserver& observer) : observer_(observer) {}
  void applied(GroupNo number, WallTime, std::span<const Submission> group) override {
    observer_.events.push_back("applied:" + std::to_string(number.v) + " of " + std::to_string(group.size()));
  }

 private:
  RecordingObserver& observer_;
};

TEST_F(CommitterTest, TheSinkHearsOfAGroupBehindTheJournalAndBeforeAnybodyElse) {
  RecordingSink sink(observer_);
  Committer committer(options_, journal_, observer_, clock_, &sink);
  journal_.failing = {2};
  committer.submit(appending(1), named("a"));
  committer.run_once();
  committer.submit(appending(1), named("b"));
  committer.run_once();
  EXPECT_EQ(observer_.events,
            (std::vector<std::string>{"sequenced:a 0@1=1", "applied:1 of 1", "durable:a 0@1=1",
                                      "sequenced:b 0@1=2", "failed:b 0@1=2"}));
}

/// A store with room for so many bytes.
class SinkWithRoom final : public CommitSink {
 public:
  explicit SinkWithRoom(std::size_t room) : room_(room) {}
  bool has_room(std::size_t bytes) const override { return bytes <= room_; }
  void applied(GroupNo, WallTime, std::span<const Submission>) override {}

 private:
  const std::size_t room_;
};

WriteBatch refusable(std::uint64_t stream) {
  WriteBatch batch = appending(stream);
  batch.refuse_when_full();
  return batch;
}

TEST_F(CommitterTest, AFullStoreRefusesOnlyWhatMayBeRefusedAndStaysWritable) {
  SinkWithRoom sink(0);
  Committer committer(options_, journal_, observer_, clock_, &sink);
  committer.submit(refusable(1), named("new"));
  committer.submit({}, named("barrier"));
  committer.submit(appending(1), named("moved"));
  committer.submit(refusable(1), named("newer"));
  committer.run_once();
  EXPECT_THAT(observer_.events, ElementsAre("sequenced:barrier", "sequenced:moved 0@1=1", "failed:new",
                                            "durable:barrier", "durable:moved 0@1=1", "failed:newer"))
      << "in the order of submission, and no sequence is spent on what is refused";
  EXPECT_EQ(observer_.last_error.code, Errc::NoSpace);
  EXPECT_TRUE(committer.healthy());
  EXPECT_EQ(committer.bytes_in_flight(), 0U);
  ASSERT_EQ(journal_.records.size(), 1U);
  EXPECT_EQ(decode_group(as_bytes(journal_.records[0]))->batches.size(), 1U)
      << "the journal has the moved one";
}

TEST_F(CommitterTest, AGroupOfRefusedBatchesNeedsNoJournal) {
  SinkWithRoom sink(0);
  Committer committer(options_, journal_, observer_, clock_, &sink);
  committer.submit(refusable(1), named("new"));
  committer.run_once();
  EXPECT_EQ(journal_.appends, 0);
  EXPECT_THAT(observer_.events, ElementsAre("failed:new"));
}

TEST_F(CommitterTest, TheBatchesOfAGroupShareTheRoom) {
  SinkWithRoom sink(2 * refusable(1).bytes());
  Committer committer(options_, journal_, observer_, clock_, &sink);
  committer.submit(appending(1), named("before"));  // with the reservation, which takes room too
  committer.run_once();
  observer_.events.clear();
  for (const char* name : {"a", "b", "c"}) committer.submit(refusable(1), named(name));
  committer.run_once();
  EXPECT_EQ(observer_.events.back(), "failed:c");
  EXPECT_EQ(std::count_if(observer_.events.begin(), observer_.events.end(),
                          [](const std::string& event) { return event.find("durable:") == 0; }),
            2);
}

TEST_F(CommitterTest, WhatIsRefusedFailsAsFullAlsoWhenTheRestOfItsGroupFails) {
  SinkWithRoom sink(0);
  Committer committer(options_, journal_, observer_, clock_, &sink);
  journal_.failing = {1};
  committer.submit(refusable(1), named("new"));
  committer.submit(appending(1), named("moved"));
  committer.submit({}, named("barrier"));
  committer.run_once();
  EXPECT_THAT(observer_.events, ElementsAre("sequenced:moved 0@1=1", "sequenced:barrier", "failed:new",
                                            "failed:moved 0@1=1", "durable:barrier"));
  EXPECT_FALSE(committer.healthy());
}

}  // namespace
}  // namespace hermod::store::testing
