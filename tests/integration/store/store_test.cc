#include "store/store.h"

#include "tests/integration/store/store_fixture.h"

namespace hermod::store::testing {
namespace {

using Strings = std::vector<std::string>;

TEST_F(StoreTest, AFreshStoreIsEmptyAndSaysSo) {
  open();
  EXPECT_TRUE(report_.fresh);
  EXPECT_FALSE(report_.set_aside);
  EXPECT_EQ(report_.next_group, GroupNo{1});
  EXPECT_TRUE(entries(1).empty());
  EXPECT_TRUE(keys(Table::Sessions).empty());
  reopen();
  EXPECT_FALSE(report_.fresh);
}

TEST_F(StoreTest, WhatIsCommittedIsInTheViewAtOnceAndAfterACrash) {
  open();
  append(1, "a");
  append(1, "b");
  WriteBatch batch;
  batch.put(Table::Sessions, as_bytes("s"), as_bytes("one"));
  commit(std::move(batch));
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(entries(1), (Strings{"1=a", "2=b"}));
    EXPECT_EQ(value(Table::Sessions, "s"), "one");
    reopen();
    EXPECT_EQ(report_.groups_replayed, 3U);
  }
}

TEST_F(StoreTest, ACheckpointChangesNothingThatIsRead) {
  open();
  WriteBatch batch;
  batch.put(Table::Sessions, as_bytes("s"), as_bytes("one"));
  batch.put(Table::Retained, as_bytes("r"), as_bytes("two"));
  batch.put_message({9}, as_bytes("body"));
  batch.append_shared({1}, {9}, as_bytes("x"));
  batch.append_shared({2}, {9}, as_bytes("y"));
  batch.append({1}, as_bytes("z"));
  commit(std::move(batch));
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(entries(1), (Strings{"1=x+body", "2=z"}));
    EXPECT_EQ(entries(2), (Strings{"1=y+body"}));
    EXPECT_EQ(keys(Table::Retained), Strings{"r"});
    EXPECT_EQ(value(Table::Sessions, "s"), "one");
    if (round == 0) {
      ASSERT_TRUE(store_->checkpoint());
    }
    if (round == 1) {
      reopen();
      EXPECT_EQ(report_.groups_replayed, 0U);
      EXPECT_EQ(report_.next_group, GroupNo{2});
    }
  }
}

TEST_F(StoreTest, ErasesAndOverwritesHideWhatTheTablesHold) {
  open();
  for (int i = 0; i < 5; ++i) append(1, "v");
  ASSERT_TRUE(store_->checkpoint());
  WriteBatch batch;
  batch.erase_entry({1}, {2});
  batch.put_entry({1}, {3}, as_bytes("released"));
  batch.append({1}, as_bytes("new"));
  commit(std::move(batch));
  const Strings expected{"1=v", "3=released", "4=v", "5=v", "6=new"};
  EXPECT_EQ(entries(1), expected);
  EXPECT_EQ(entries(1, 1), expected) << "one at a time";
  ASSERT_TRUE(store_->checkpoint());
  EXPECT_EQ(entries(1, 2), expected);
  reopen();
  EXPECT_EQ(entries(1), expected);
}

/// Whoever marks an entry may be slower than whoever ends it.
TEST_F(StoreTest, AMarkDoesNotBringBackWhatHasGone) {
  for (const bool erased_in_tables : {false, true}) {
    for (const bool marked_in_tables : {false, true}) {
      SCOPED_TRACE(std::to_string(erased_in_tables) + std::to_string(marked_in_tables));
      open();
      for (int i = 0; i < 3; ++i) append(1, "v");
      append(2, "v");
      ASSERT_TRUE(store_->checkpoint());
      append(3, "came and went");
      WriteBatch end;
      end.erase_entry({3}, {1});
      end.erase_entry({1}, {2});
      end.erase_stream({2});
      commit(std::move(end));
      if (erased_in_tables) {
        ASSERT_TRUE(store_->checkpoint());
      }
      WriteBatch marks;
      for (const std::uint64_t seq : {1U, 2U, 7U}) marks.put_entry({1}, {seq}, as_bytes("released"));
      marks.put_entry({2}, {1}, as_bytes("released"));
      marks.put_entry({3}, {1}, as_bytes("released"));
      commit(std::move(marks));
      if (marked_in_tables) {
        ASSERT_TRUE(store_->checkpoint());
      }
      for (int round = 0; round < 3; ++round) {
        EXPECT_EQ(entries(1), (Strings{"1=released", "3=v"}));
        EXPECT_TRUE(entries(2).empty());
        EXPECT_TRUE(entries(3).empty());
        if (round == 0) reopen();
        if (round == 1) {
          ASSERT_TRUE(store_->checkpoint());
        }
      }
      close();
      std::filesystem::remove_all(options_.path);
    }
  }
}

TEST_F(StoreTest, AnErasedStreamIsGoneWithItsReservation) {
  open();
  append(1, "a");
  append(2, "b");
  ASSERT_TRUE(store_->checkpoint());
  append(1, "c");
  WriteBatch batch;
  batch.erase_stream({1});
  commit(std::move(batch));
  for (int round = 0; round < 3; ++round) {
    EXPECT_TRUE(entries(1).empty());
    EXPECT_EQ(entries(2), Strings{"1=b"});
    EXPECT_EQ(keys(Table::Streams), Strings{number_key(2)});
    if (round == 0) reopen();
    if (round == 1) {
      ASSERT_TRUE(store_->checkpoint());
    }
  }
}

TEST_F(StoreTest, ASequenceIsNotGivenAgainWhenItsEntryLeftNoTrace) {
  open();
  const Seq first = append(1, "a");
  WriteBatch batch;
  batch.erase_entry({1}, first);
  commit(std::move(batch));
  ASSERT_TRUE(store_->checkpoint());
  reopen();
  const Seq second = append(1, "b");
  EXPECT_GE(second.v, 65U) << "the stream goes on at its reserved bound";
  reopen();
  EXPECT_GT(append(1, "c"), second);
}

TEST_F(StoreTest, ASharedMessageGoesWithItsLastEntry) {
  open();
  WriteBatch batch;
  batch.put_message({9}, as_bytes("body"));
  batch.append_shared({1}, {9}, as_bytes("x"));
  batch.append_shared({2}, {9}, as_bytes("y"));
  commit(std::move(batch));
  ASSERT_TRUE(store_->checkpoint());
  WriteBatch first;
  first.erase_entry({1}, {1});
  commit(std::move(first));
  ASSERT_TRUE(store_->checkpoint());
  EXPECT_EQ(entries(2), Strings{"1=y+body"});
  reopen();
  WriteBatch last;
  last.put_entry({2}, {1}, as_bytes("released"));
  commit(std::move(last));
  ASSERT_TRUE(store_->checkpoint());
  EXPECT_TRUE(keys(Table::Messages).empty());
  EXPECT_EQ(entries(2), Strings{"1=released"});
}

TEST_F(StoreTest, AMessageWhoseEntriesCameAndWentIsNeverWritten) {
  open();
  WriteBatch batch;
  batch.put_message({9}, as_bytes(std::string(100'000, 'm')));
  batch.append_shared({1}, {9}, as_bytes("x"));
  commit(std::move(batch));
  WriteBatch gone;
  gone.erase_entry({1}, {1});
  commit(std::move(gone));
  ASSERT_TRUE(store_->checkpoint());
  EXPECT_TRUE(keys(Table::Messages).empty());
  EXPECT_LT(store_->stats().checkpointed_bytes, 1000U);
}

TEST_F(StoreTest, TheRecoveryScanGivesEveryEntryInOrder) {
  open();
  WriteBatch batch;
  batch.put_message({9}, as_bytes("body!"));
  batch.append({3}, as_bytes("a"));
  batch.append_shared({1}, {9}, as_bytes("b"));
  batch.append({1}, as_bytes("c"));
  commit(std::move(batch));
  ASSERT_TRUE(store_->checkpoint());
  append(2, "d");
  append(1, "e");
  Strings found;
  ASSERT_TRUE(store_->view()->scan_entries([&](const ReadView::EntryHead& entry) {
    found.push_back(std::to_string(entry.stream.v) + "/" + std::to_string(entry.seq.v) + "=" +
                    std::string(as_text(entry.head)) + " " + std::to_string(entry.message.v) + ":" +
                    std::to_string(entry.body_size));
    return true;
  }));
  EXPECT_EQ(found, (Strings{"1/1=b 9:5", "1/2=c 0:0", "1/3=e 0:0", "2/1=d 0:0", "3/1=a 0:0"}));
}

TEST_F(StoreTest, ASliceEndsAtItsLimitsAndGivesAtLeastOne) {
  open();
  for (int i = 0; i < 4; ++i) append(1, std::string(100, 'v'));
  const auto view = store_->view();
  EXPECT_EQ(view->read_stream({1}, {0}, 10, 250)->entries.size(), 2U);
  EXPECT_EQ(view->read_stream({1}, {0}, 10, 1)->entries.size(), 1U);
  EXPECT_FALSE(view->read_stream({1}, {0}, 10, 1)->end);
  EXPECT_EQ(view->read_stream({1}, {3}, 10, 1000)->entries.size(), 2U);
  EXPECT_TRUE(view->read_stream({1}, {3}, 10, 1000)->end);
  EXPECT_TRUE(view->read_stream({1}, {3}, 2, 1000)->end) << "exactly as many as asked for";
}

TEST_F(StoreTest, TheJournalIsTrimmedBehindTheTables) {
  open();
  const std::string value(4000, 'v');
  std::uint64_t largest = 0;
  for (int round = 0; round < 40; ++round) {
    for (int i = 0; i < 10; ++i) {
      WriteBatch ten;
      for (int j = 0; j < 10; ++j) ten.append({1}, as_bytes(value));
      commit(std::move(ten));
    }
    WriteBatch batch;
    for (std::uint64_t seq = 1; seq <= 100; ++seq)
      batch.erase_entry({1}, {static_cast<std::uint64_t>(round) * 100 + seq});
    commit(std::move(batch));
    ASSERT_TRUE(store_->checkpoint());
    if (round == 10) largest = store_->stats().journal_file_bytes;
  }
  EXPECT_LE(store_->stats().journal_file_bytes, largest + largest / 2);
  EXPECT_TRUE(entries(1).empty());
}

TEST_F(StoreTest, ASecondBrokerIsRefusedWithTheFolderAndTheProcess) {
  open();
  OpenReport report;
  const auto second = Store::open(options_, clock_, report);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::Busy);
  EXPECT_NE(second.error().detail.find(options_.path), std::string::npos);
  EXPECT_NE(second.error().detail.find(std::to_string(::getpid())), std::string::npos);
}

TEST_F(StoreTest, AfterReopeningTheJournalTheStoreGoesOn) {
  open();
  append(1, "a");
  // What a failed append may have left although it said no.
  WriteBatch ghost;
  ghost.append({1}, as_bytes("ghost"));
  ghost.give_sequences([](std::size_t, StreamId) { return Seq{2}; });
  GroupEncoder encoder;
  encoder.begin();
  encoder.add(ghost);
  ASSERT_TRUE(store_->journal().append({2}, encoder.finish({2}, clock_.wall()), Journal::Sync::Now));
  const auto next = store_->reopen_journal();
  ASSERT_TRUE(next);
  EXPECT_EQ(*next, GroupNo{2});
  committer_->resume(*next);
  append(1, "b");
  EXPECT_EQ(entries(1), (Strings{"1=a", "2=b"}));
  reopen();
  EXPECT_EQ(entries(1), (Strings{"1=a", "2=b"}));
}

/// There is no checkpoint here, and nobody who may be refused.
TEST_F(StoreTest, AFullJournalFailsAndGoesOnWhenTheTablesHaveItsRecords) {
  options_.max_size = std::uint64_t{8} << 20;
  open();
  const std::string value(100'000, 'v');
  std::size_t written = 0;
  while (observer_.failed == 0 && written < 1000) {
    append(1, value);
    ++written;
  }
  EXPECT_EQ(observer_.last_error.code, Errc::NoSpace);
  EXPECT_EQ(entries(1).size(), written - 1);
  ASSERT_TRUE(store_->checkpoint()) << "the tables have room of their own";
  const auto next = store_->reopen_journal();
  ASSERT_TRUE(next);
  committer_->resume(*next);
  const std::size_t failed = observer_.failed;
  append(1, value);
  EXPECT_EQ(observer_.failed, failed) << "what the tables have leaves the journal";
  reopen();
  EXPECT_EQ(entries(1).size(), written);
}

TEST_F(StoreTest, ADamagedEntryIsNamedAndHidesNoOther) {
  open();
  append(1, "this one will be damaged");
  append(1, "good");
  ASSERT_TRUE(store_->checkpoint());
  WriteBatch shared;
  shared.put_message({9}, as_bytes("body"));
  shared.append_shared({1}, {9}, as_bytes("x"));
  commit(std::move(shared));
  WriteBatch loss;
  loss.erase(Table::Messages, as_bytes(number_key(9)));
  commit(std::move(loss));
  {
    std::fstream tables(options_.path + "/tables", std::ios::binary | std::ios::in | std::ios::out);
    std::string bytes{std::istreambuf_iterator<char>(tables), {}};
    for (auto at = bytes.find("will be damaged"); at != std::string::npos;
         at = bytes.find("will be damaged", at + 1)) {
      tables.seekp(static_cast<std::streamoff>(at));
      tables.put('W');
    }
  }
  const auto slice = store_->view()->read_stream({1}, Seq{0}, 10, 1 << 20);
  ASSERT_TRUE(slice) << slice.error().detail;
  ASSERT_EQ(slice->entries.size(), 1U);
  EXPECT_EQ(slice->entries[0].value, "good");
  ASSERT_EQ(slice->damaged.size(), 2U);
  EXPECT_EQ(slice->damaged[0].seq, Seq{1});
  EXPECT_EQ(slice->damaged[1].seq, Seq{3});
  EXPECT_TRUE(slice->end);
}

}  // namespace
}  // namespace hermod::store::testing
