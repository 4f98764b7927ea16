#include "store/memtable.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "store/group_codec.h"

namespace hermod::store {
namespace {

/// Groups as the journal would keep them, and what the tables would hold after each checkpoint.
class MemtableTest : public ::testing::Test {
 protected:
  using Stream = std::map<std::uint64_t, std::string>;

  void apply(WriteBatch batch) {
    std::vector<Submission> group;
    group.push_back({{}, nullptr});  // a barrier leaves no trace in the record
    group.push_back({std::move(batch), nullptr});
    GroupEncoder encoder;
    encoder.begin();
    for (const Submission& submission : group) encoder.add(submission.batch);
    const GroupNo number{++last_};
    std::string record;
    for (const Bytes piece : encoder.finish(number, {})) record += as_text(piece);
    records_[number.v] = record;
    memtable_.applied(number, {}, group);
  }
  void append(std::uint64_t stream, std::uint64_t seq, std::string_view value) {
    WriteBatch batch;
    batch.append({stream}, as_bytes(value));
    batch.give_sequences([&](std::size_t, StreamId) { return Seq{seq}; });
    apply(std::move(batch));
  }
  void erase(std::uint64_t stream, std::uint64_t seq) {
    WriteBatch batch;
    batch.erase_entry({stream}, {seq});
    apply(std::move(batch));
  }
  Bytes at(const Place& place) { return as_bytes(records_[place.group]).subspan(place.offset, place.size); }
  static void merge(Stream& stream, const StreamChanges& changes, MemtableTest& self) {
    if (changes.ended) stream.clear();
    for (const EntryChange& change : changes.entries) {
      if (change.place.kind() == Change::Erased) {
        stream.erase(change.seq);
      } else if (!change.place.needs_older() || stream.contains(change.seq)) {
        stream[change.seq] = as_text(parts_in_journal(change.place.kind(), self.at(change.place))->value);
      }
    }
  }

  Memtable memtable_;
  std::map<std::uint64_t, std::string> records_;
  std::uint64_t last_ = 0;
};

TEST_F(MemtableTest, AcceptedBytesAreTheValuesOfWhatWasAppliedAndNotOfAReplay) {
  append(1, 1, "12345");
  erase(1, 1);
  append(2, 1, "123");
  EXPECT_EQ(memtable_.accepted_bytes(), 8U);
  Memtable replayed(true);
  ASSERT_TRUE(replayed.replay({1}, as_bytes(records_[1])));
  EXPECT_EQ(replayed.accepted_bytes(), 0U);
}

TEST_F(MemtableTest, AnEntryThatCameAndWentLeavesNothing) {
  append(1, 1, "a");
  erase(1, 1);
  EXPECT_TRUE(memtable_.stream({1}, {0}, 10).entries.empty());
  EXPECT_EQ(memtable_.size().live_bytes, 0U);
}

/// An entry in memory has its sequence as a distance of 32 bits from the first one of its stream.
TEST_F(MemtableTest, SequencesThatAreFarApartStayInOrder) {
  constexpr std::uint64_t kFar = std::uint64_t{7} << 32;
  append(1, 5, "near");
  append(1, kFar, "far");
  append(1, 6, "behind");
  append(1, kFar + 1, "farther");
  Stream stream;
  merge(stream, memtable_.stream({1}, {0}, 10), *this);
  EXPECT_EQ(stream, (Stream{{5, "near"}, {6, "behind"}, {kFar, "far"}, {kFar + 1, "farther"}}));
  EXPECT_EQ(memtable_.stream({1}, {kFar + 1}, 10).entries.size(), 1U);
  EXPECT_EQ(memtable_.stream({1}, {6}, 1).bound, 6U);
  erase(1, 5);
  erase(1, kFar);
  stream = {};
  merge(stream, memtable_.stream({1}, {0}, 10), *this);
  EXPECT_EQ(stream, (Stream{{6, "behind"}, {kFar + 1, "farther"}}));
  EXPECT_EQ(memtable_.size().live_bytes, std::string("behindfarther").size());
}

TEST_F(MemtableTest, AnEntryThatWaitsTakesLittleMoreThan16BytesOfMemory) {
  constexpr std::uint64_t kEntries = 1000;
  append(1, 1, "v");
  const std::uint64_t before = memtable_.size().memory_bytes;
  for (std::uint64_t seq = 2; seq <= kEntries + 1; ++seq) append(1, seq, "v");
  EXPECT_LE(memtable_.size().memory_bytes - before, kEntries * 20);
  EXPECT_GE(memtable_.size().memory_bytes - before, kEntries * 16 - 200);
}

/// As with a message for many sessions that are away.
TEST_F(MemtableTest, AStreamWithOneEntryTakesLittleMemory) {
  constexpr std::uint64_t kStreams = 1000;
  const std::uint64_t before = memtable_.size().memory_bytes;
  for (std::uint64_t stream = 1; stream <= kStreams; ++stream) append(stream, 1, "v");
  const std::uint64_t one = (memtable_.size().memory_bytes - before) / kStreams;
  EXPECT_LE(one, 160U);
  for (std::uint64_t stream = 1; stream <= kStreams; ++stream) append(stream, 2, "v");
  EXPECT_LE((memtable_.size().memory_bytes - before) / kStreams, one + 16);
}

TEST_F(MemtableTest, AnEraseOfWhatTheTablesMayHoldIsRemembered) {
  append(1, 1, "a");
  ASSERT_TRUE(memtable_.freeze());
  erase(1, 1);
  const StreamChanges changes = memtable_.stream({1}, {0}, 10);
  ASSERT_EQ(changes.entries.size(), 1U);
  EXPECT_EQ(changes.entries[0].place.kind(), Change::Erased) << "the newer generation hides the frozen one";
}

/// A mark that comes behind the end of its entry, or of the whole stream, wherever the two are by then.
TEST_F(MemtableTest, AMarkBringsNothingBack) {
  const auto mark = [&](std::uint64_t stream, std::uint64_t seq) {
    WriteBatch batch;
    batch.put_entry({stream}, {seq}, as_bytes("released"));
    apply(std::move(batch));
  };
  const auto left = [&](std::uint64_t stream) { return memtable_.stream({stream}, {0}, 10).entries; };
  append(2, 1, "a");
  append(2, 2, "b");
  erase(2, 1);
  ASSERT_TRUE(memtable_.freeze());
  mark(2, 1);
  mark(2, 2);
  ASSERT_EQ(left(2).size(), 2U);
  EXPECT_TRUE(left(2)[0].place.needs_older()) << "the tables may have it";
  EXPECT_EQ(as_text(at(left(2)[1].place)), "released");
  EXPECT_FALSE(left(2)[1].place.needs_older()) << "the frozen generation has it";
  memtable_.drop_frozen();

  erase(3, 1);
  ASSERT_TRUE(memtable_.freeze());
  mark(3, 1);
  ASSERT_EQ(left(3).size(), 1U);
  EXPECT_EQ(left(3)[0].place.kind(), Change::Erased);
  memtable_.drop_frozen();

  WriteBatch ended;
  ended.erase_stream({4});
  apply(std::move(ended));
  mark(4, 1);
  EXPECT_TRUE(left(4).empty());
  ASSERT_TRUE(memtable_.freeze());
  mark(4, 1);
  EXPECT_TRUE(left(4).empty());
}

TEST_F(MemtableTest, ARecoveringMemtableRemembersEveryErase) {
  Memtable recovering(true);
  WriteBatch batch;
  batch.append({1}, as_bytes("a"));
  batch.erase_entry({1}, {1});
  batch.give_sequences([](std::size_t, StreamId) { return Seq{1}; });
  GroupEncoder encoder;
  encoder.begin();
  encoder.add(batch);
  std::string record;
  for (const Bytes piece : encoder.finish({1}, {})) record += as_text(piece);
  ASSERT_TRUE(recovering.replay({1}, as_bytes(record)));
  const StreamChanges changes = recovering.stream({1}, {0}, 10);
  ASSERT_EQ(changes.entries.size(), 1U);
  EXPECT_EQ(changes.entries[0].place.kind(), Change::Erased);
}

TEST_F(MemtableTest, AReplayedRecordMustBeTheOneItsKeySays) {
  append(1, 1, "a");
  Memtable other(true);
  EXPECT_FALSE(other.replay({2}, as_bytes(records_[1])));
  EXPECT_TRUE(other.replay({1}, as_bytes(records_[1])));
  EXPECT_EQ(other.next_group(), GroupNo{2});
}

TEST_F(MemtableTest, SharedEntriesNameTheirMessage) {
  WriteBatch batch;
  batch.put_message({77}, as_bytes("body"));
  batch.append_shared({1}, {77}, as_bytes(std::string(300, 'x')));
  batch.give_sequences([](std::size_t, StreamId) { return Seq{1}; });
  apply(std::move(batch));
  const StreamChanges changes = memtable_.stream({1}, {0}, 10);
  ASSERT_EQ(changes.entries.size(), 1U);
  const auto parts = parts_in_journal(changes.entries[0].place.kind(), at(changes.entries[0].place));
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->message, MessageId{77});
  EXPECT_EQ(as_text(parts->value), std::string(300, 'x'));
  const auto message = memtable_.find(Table::Messages, as_bytes(number_key(77)));
  ASSERT_TRUE(message);
  EXPECT_EQ(as_text(at(*message)), "body");
}

TEST_F(MemtableTest, MergedOverTheTablesItIsWhatWasDone) {
  std::mt19937_64 random(3);
  std::map<std::uint64_t, Stream> truth;
  std::map<std::uint64_t, Stream> tables;
  std::map<std::uint64_t, std::uint64_t> next;
  std::map<std::string, std::string> sessions;
  std::map<std::string, std::string> stored_sessions;
  std::shared_ptr<const Generation> frozen;
  for (int step = 0; step < 5000; ++step) {
    const std::uint64_t stream = 1 + random() % 6;
    Stream& entries = truth[stream];
    const std::string value = std::to_string(step);
    switch (random() % 8) {
      case 0:
      case 1:
      case 2:
        entries[++next[stream]] = value;
        append(stream, next[stream], value);
        break;
      case 3:
      case 4:
        if (!entries.empty()) {
          const auto victim = std::next(entries.begin(), static_cast<long>(random() % entries.size()) / 3);
          erase(stream, victim->first);
          entries.erase(victim);
        }
        break;
      case 5:
        if (next[stream] != 0) {
          const std::uint64_t changed = 1 + random() % next[stream];  // it may have gone
          if (entries.contains(changed)) entries[changed] = "released";
          WriteBatch batch;
          batch.put_entry({stream}, {changed}, as_bytes("released"));
          apply(std::move(batch));
        }
        break;
      default: {
        const std::string key(1, static_cast<char>('a' + random() % 8));
        WriteBatch batch;
        if (random() % 2 == 0) {
          batch.put(Table::Sessions, as_bytes(key), as_bytes(value));
          sessions[key] = value;
        } else {
          batch.erase(Table::Sessions, as_bytes(key));
          sessions.erase(key);
        }
        apply(std::move(batch));
      }
    }
    if (random() % 100 == 0 && !frozen) frozen = memtable_.freeze();
    if (random() % 100 == 0 && frozen) {  // the checkpoint, between two changes
      for (const StreamId id : frozen->stream_ids())
        merge(tables[id.v], frozen->stream(id, {0}, 1'000'000), *this);
      for (const auto& [key, place] : frozen->records(Table::Sessions)) {
        place.kind() == Change::Erased ? static_cast<void>(stored_sessions.erase(key))
                                       : static_cast<void>(stored_sessions[key] = as_text(at(place)));
      }
      memtable_.drop_frozen();
      frozen.reset();
    }
    if (step % 50 != 0) continue;
    for (const auto& [id, expected] : truth) {
      Stream merged = tables[id];
      for (Seq from{0};;) {  // piece by piece, as a reader does
        const StreamChanges changes = memtable_.stream({id}, from, 3);
        merge(merged, changes, *this);
        if (changes.bound == StreamChanges::kNoBound) break;
        from = {changes.bound + 1};
      }
      ASSERT_EQ(merged, expected) << "stream " << id << ", step " << step;
    }
    std::map<std::string, std::string> merged = stored_sessions;
    std::string from;
    for (bool more = true; more;) {
      const KeyChanges changes = memtable_.keys(Table::Sessions, as_bytes(from), 3);
      for (const auto& [key, place] : changes.records) {
        place.kind() == Change::Erased ? static_cast<void>(merged.erase(key))
                                       : static_cast<void>(merged[key] = as_text(at(place)));
        from = key + '\0';
      }
      more = !changes.complete;
    }
    ASSERT_EQ(merged, sessions) << "step " << step;
  }
}

TEST_F(MemtableTest, BothGenerationsWaitForRoomUntilTheFrozenOneIsInTheTables) {
  constexpr std::uint64_t kBlock = 4096;
  EXPECT_TRUE(memtable_.has_room(1'000'000'000)) << "nobody has set a limit";
  const Room room(/*journal=*/100 * kBlock, /*tables=*/3 * kBlock);
  memtable_.set_room(&room);
  append(1, 1, "a");  // a block of the journal
  ASSERT_TRUE(memtable_.freeze());
  append(1, 2, "b");
  EXPECT_TRUE(memtable_.has_room(kBlock));
  EXPECT_FALSE(memtable_.has_room(kBlock + 1));
  memtable_.drop_frozen();
  EXPECT_TRUE(memtable_.has_room(2 * kBlock));
  EXPECT_FALSE(memtable_.has_room(2 * kBlock + 1));
}

TEST_F(MemtableTest, AnEndedStreamHidesEverythingOlder) {
  append(1, 1, "a");
  ASSERT_TRUE(memtable_.freeze());
  append(1, 2, "b");
  WriteBatch batch;
  batch.erase_stream({1});
  apply(std::move(batch));
  const StreamChanges changes = memtable_.stream({1}, {0}, 10);
  EXPECT_TRUE(changes.ended);
  EXPECT_TRUE(changes.entries.empty());
  EXPECT_EQ(memtable_.find(Table::Streams, as_bytes(number_key(1)))->kind(), Change::Erased);
}

}  // namespace
}  // namespace hermod::store
