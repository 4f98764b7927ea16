#include "store/write_batch.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace hermod::store {
namespace {

std::vector<Op> ops_of(const WriteBatch& batch) {
  std::vector<Op> ops;
  OpReader reader = batch.ops();
  while (auto op = reader.next()) ops.push_back(*op);
  EXPECT_TRUE(reader.ok());
  return ops;
}

/// Reads all of `bytes`; true when nothing was wrong with them.
bool is_well_formed(std::string_view bytes) {
  OpReader reader(as_bytes(bytes));
  while (reader.next()) {
  }
  return reader.ok();
}

TEST(WriteBatch, AnEmptyBatchOwnsNothing) {
  const WriteBatch batch;
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(batch.bytes(), 0U);
  EXPECT_EQ(batch.op_count(), 0U);
  EXPECT_TRUE(batch.encoded().ops.empty());
  EXPECT_TRUE(ops_of(batch).empty());
}

TEST(WriteBatch, OpsComeBackInOrder) {
  WriteBatch batch;
  batch.put(Table::Sessions, as_bytes("key"), as_bytes("value"));
  batch.erase(Table::InboundIds, as_bytes("gone"));
  EXPECT_EQ(batch.append({7}, as_bytes("entry")), 2U);
  batch.put(Table::Meta, as_bytes("m"), {});

  const std::vector<Op> ops = ops_of(batch);
  ASSERT_EQ(ops.size(), 4U);
  EXPECT_EQ(ops[0].kind, Op::Kind::Put);
  EXPECT_EQ(ops[0].table, Table::Sessions);
  EXPECT_EQ(as_text(ops[0].key), "key");
  EXPECT_EQ(as_text(ops[0].value), "value");
  EXPECT_EQ(ops[1].kind, Op::Kind::Erase);
  EXPECT_EQ(ops[1].table, Table::InboundIds);
  EXPECT_EQ(as_text(ops[1].key), "gone");
  EXPECT_TRUE(ops[1].value.empty());
  EXPECT_EQ(ops[2].kind, Op::Kind::Append);
  EXPECT_EQ(ops[2].table, Table::Entries);
  EXPECT_EQ(ops[2].stream, StreamId{7});
  EXPECT_EQ(ops[2].seq, Seq{0});
  EXPECT_EQ(as_text(ops[2].value), "entry");
  EXPECT_EQ(ops[3].table, Table::Meta);
  EXPECT_TRUE(ops[3].value.empty());
}

TEST(WriteBatch, LengthsAroundEveryBoundarySurvive) {
  for (const std::size_t size : {0U, 1U, 127U, 128U, 16383U, 16384U, 2097151U, 2097152U}) {
    WriteBatch batch;
    const std::string value(size, 'v');
    batch.append({1}, as_bytes(value));
    batch.put(Table::Retained, as_bytes(std::string(kMaxKeySize, 'k')), as_bytes(value));
    const std::vector<Op> ops = ops_of(batch);
    ASSERT_EQ(ops.size(), 2U);
    EXPECT_EQ(ops[0].value.size(), size);
    EXPECT_EQ(ops[1].value.size(), size);
    EXPECT_EQ(ops[1].key.size(), kMaxKeySize);
  }
}

TEST(WriteBatch, SequencesAreGivenToAppendsOnlyAndInOrder) {
  WriteBatch batch;
  batch.put(Table::Retained, as_bytes("a"), as_bytes(std::string(300, 'x')));
  batch.append({10}, as_bytes("first"));
  batch.erase_entry({10}, {7});
  batch.put_entry({10}, {8}, as_bytes("other"));
  batch.erase_stream({12});
  batch.append_shared({11}, {5}, as_bytes("second"));
  EXPECT_EQ(batch.append_count(), 2U);

  std::vector<std::pair<std::size_t, StreamId>> asked;
  batch.give_sequences([&](std::size_t op, StreamId stream) {
    asked.emplace_back(op, stream);
    return Seq{stream.v * 100};
  });
  EXPECT_EQ(asked, (std::vector<std::pair<std::size_t, StreamId>>{{1, {10}}, {5, {11}}}));
  const std::vector<Op> ops = ops_of(batch);
  EXPECT_EQ(ops[1].seq, Seq{1000});
  EXPECT_EQ(as_text(ops[1].value), "first");
  EXPECT_EQ(ops[2].seq, Seq{7});
  EXPECT_EQ(ops[3].seq, Seq{8});
  EXPECT_EQ(ops[4].stream, StreamId{12});
  EXPECT_EQ(ops[5].seq, Seq{1100});
  EXPECT_EQ(ops[5].message, MessageId{5});
  EXPECT_EQ(as_text(ops[5].value), "second");
}

/// Head, ops and sequences, as they stand in a group.
std::string in_group(const WriteBatch& batch) {
  std::string bytes;
  batch.add_head(bytes);
  EXPECT_EQ(bytes.size(), batch.head_size());
  bytes += as_text(batch.encoded().ops);
  bytes += as_text(batch.encoded().sequences);
  EXPECT_EQ(bytes.size(), batch.bytes());
  return bytes;
}

TEST(WriteBatch, TheEncodingIsPinned) {
  WriteBatch batch;
  batch.put(Table::Sessions, as_bytes("k"), as_bytes("vv"));
  batch.erase(Table::Meta, as_bytes("e"));
  batch.append({0x0102030405060708}, as_bytes("x"));
  batch.put(Table::Streams, as_bytes(number_key(2)), as_bytes("n"));
  batch.give_sequences([](std::size_t, StreamId) { return Seq{300}; });
  const std::string expected =
      std::string("\x1f\x04", 2) +         // 31 bytes, 4 ops
      std::string("\x12\x01\x02kvv", 6) +  // put into table 2
      std::string(
          "\x27\x01"
          "e",
          3) +                                          // erase from table 7
      std::string("\x31\x88\x8c\x90\x10", 5) +          // append to a stream: the upper half,
      std::string("\x88\x8e\x98\x28\x01x", 6) +         // the lower half, the value
      std::string("\x18\x01\0\0\0\0\0\0\0\x02n", 11) +  // put into table 8: no length of the key
      std::string("\xac\x02", 2);                       // the sequence
  EXPECT_EQ(in_group(batch), expected);
}

TEST(WriteBatch, TheEncodingOfEntryOpsIsPinned) {
  constexpr StreamId kNamedQueue{(std::uint64_t{1} << 63) + 9};
  WriteBatch batch;
  batch.append_shared({1}, {2}, as_bytes("x"));
  batch.put_entry({3}, {4}, as_bytes("y"));
  for (const std::uint64_t seq : {6U, 7U, 5U}) batch.erase_entry({5}, {seq});
  batch.erase_stream({7});
  batch.erase_entry(kNamedQueue, {300});
  batch.append(kNamedQueue, as_bytes("z"));
  batch.give_sequences([](std::size_t, StreamId) { return Seq{9}; });
  const std::string expected = std::string("\x26\x08", 2) +
                               std::string("\x41\0\x01\0\0\0\0\0\0\0\x02\x01x", 13) +
                               std::string("\x51\0\x03\x04\x01y", 6) + std::string("\x61\0\x05\x06", 4) +
                               std::string("\x69\x02", 2) +  // the same stream, one further
                               std::string("\x69\x03", 2) +  // two back
                               std::string("\x71\0\x07", 3) + std::string("\x61\x01\x09\xac\x02", 5) +
                               std::string("\x39\x01z", 3) + std::string("\x09\x09", 2);
  EXPECT_EQ(in_group(batch), expected);
}

TEST(WriteBatch, StreamsAndSequencesOfEverySizeComeBack) {
  std::vector<std::uint64_t> numbers{0, 1, 127, 128, 1U << 31, 0xFFFFFFFF};
  for (unsigned bit = 32; bit < 64; ++bit) {
    numbers.push_back((std::uint64_t{1} << bit) - 1);
    numbers.push_back(std::uint64_t{1} << bit);
  }
  numbers.push_back(~std::uint64_t{0});
  WriteBatch batch;
  for (const std::uint64_t stream : numbers)
    for (const std::uint64_t seq : {numbers[stream % numbers.size()], ~stream, std::uint64_t{0}, stream}) {
      batch.erase_entry({stream}, {seq});
      batch.append({stream}, as_bytes("v"));
      batch.put_entry({stream}, {seq}, as_bytes("w"));
    }
  std::size_t given = 0;
  batch.give_sequences([&](std::size_t, StreamId) { return Seq{numbers[++given % numbers.size()]}; });
  const std::vector<Op> ops = ops_of(batch);
  ASSERT_EQ(ops.size(), numbers.size() * 4 * 3);
  std::size_t at = 0;
  given = 0;
  for (const std::uint64_t stream : numbers)
    for (const std::uint64_t seq : {numbers[stream % numbers.size()], ~stream, std::uint64_t{0}, stream}) {
      for (int i = 0; i < 3; ++i) EXPECT_EQ(ops[at + static_cast<std::size_t>(i)].stream, StreamId{stream});
      EXPECT_EQ(ops[at].seq, Seq{seq});
      EXPECT_EQ(ops[at + 1].seq, Seq{numbers[++given % numbers.size()]});
      EXPECT_EQ(ops[at + 2].seq, Seq{seq});
      at += 3;
    }
}

/// Of a message of 256 bytes that is appended to one queue while another one's is acknowledged (the batches
/// of bench_store): format 3 took 300 bytes for the two.
TEST(WriteBatch, AMessageThatIsReadTakesLittleBesidesItsBytes) {
  const std::string value(256, 'v');
  const auto size = [&](StreamId to, Seq seq, StreamId from, Seq erased) {
    WriteBatch batch;
    batch.append(to, as_bytes(value));
    batch.erase_entry(from, erased);
    batch.give_sequences([&](std::size_t, StreamId) { return seq; });
    return batch.bytes();
  };
  EXPECT_EQ(size({7'919}, {400}, {2'081}, {398}), 256U + 17U);
  EXPECT_EQ(size({1}, {1}, {1}, {1}), 256U + 11U);
  constexpr std::uint64_t kGeneration = std::uint64_t{0x9001} << 32;  // of a session behind eight starts
  EXPECT_EQ(size({kGeneration + 7'919}, {400}, {kGeneration + 2'081}, {398}), 256U + 19U);
}

/// Acknowledgements of one consumer, and a settlement of a named queue, are runs of one stream.
TEST(WriteBatch, ARunOfErasesTakesTwoBytesEach) {
  WriteBatch batch;
  for (std::uint64_t seq = 1'000'000; seq < 1'001'000; ++seq)
    batch.erase_entry({(std::uint64_t{1} << 63) + 5}, {seq});
  EXPECT_LT(batch.bytes(), 2U * 1'000U + 10U);
}

TEST(WriteBatch, ValueBytesAreThoseOfTheValuesWithoutWhatTheStoreRecordsForItself) {
  WriteBatch batch;
  EXPECT_EQ(batch.value_bytes(), 0U);
  batch.put(Table::Sessions, as_bytes("key"), as_bytes("12345"));
  batch.put_message({7}, as_bytes("1234567"));
  batch.append({1}, as_bytes("1"));
  batch.append_shared({1}, {7}, as_bytes("12"));
  batch.put_entry({1}, {1}, as_bytes("123"));
  EXPECT_EQ(batch.value_bytes(), 5U + 7U + 1U + 2U + 3U);
  batch.put(Table::Streams, as_bytes(number_key(1)), as_bytes(number_key(65)));
  batch.erase(Table::Sessions, as_bytes("key"));
  batch.erase_entry({1}, {1});
  batch.erase_stream({1});
  EXPECT_EQ(batch.value_bytes(), 18U);
}

TEST(WriteBatch, MoveLeavesTheBytesWhereTheyAre) {
  WriteBatch batch;
  batch.put(Table::Retained, as_bytes("key"), as_bytes(std::string(100, 'x')));
  const std::uint8_t* place = batch.encoded().ops.data();
  const WriteBatch moved = std::move(batch);
  EXPECT_EQ(moved.encoded().ops.data(), place);
}

TEST(OpReader, RefusesWhatWriteBatchNeverWrites) {
  EXPECT_TRUE(is_well_formed(std::string("\x12\x01\x01kv", 5)));
  EXPECT_FALSE(is_well_formed(std::string("\x02\x01\x01kv", 5))) << "kind 0";
  EXPECT_FALSE(is_well_formed(std::string("\x82\x01\x01kv", 5))) << "kind 8";
  EXPECT_FALSE(is_well_formed(std::string("\x1c\x01\x01kv", 5))) << "table 12";
  EXPECT_FALSE(is_well_formed(std::string("\x11\x01\x01kv", 5))) << "a key in the table of entries";
  EXPECT_FALSE(is_well_formed(std::string("\x10\x01kv", 4))) << "a message whose key is not a number";
  EXPECT_FALSE(
      is_well_formed(std::string("\x1a\x01"
                                 "12345678v",
                                 11)))
      << "half a key of deliveries";
  EXPECT_FALSE(is_well_formed(std::string("\x41\0\1\0\0\0\0\0\0\0\0\0", 12))) << "message zero";
  EXPECT_TRUE(is_well_formed(std::string("\x61\0\1\1", 4)));
  EXPECT_FALSE(is_well_formed(std::string("\x61\0\1", 3))) << "erase of an entry cut off";
  EXPECT_FALSE(is_well_formed(std::string("\x69\1", 2))) << "the stream of the last op, and there is none";
  EXPECT_FALSE(is_well_formed(std::string("\x61\x80\x80\x80\x80\x10\1\1", 8))) << "upper half of 2^32";
  EXPECT_FALSE(is_well_formed(std::string("\x61\0\x80\x80\x80\x80\x10\1", 8))) << "lower half of 2^32";
  EXPECT_TRUE(is_well_formed(std::string("\x61\0\1\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 13)));
  EXPECT_FALSE(is_well_formed(std::string("\x61\0\1\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 13)))
      << "sequence of 2^64";
  EXPECT_FALSE(is_well_formed(std::string("\x12\x00\x01v", 4))) << "empty key";
  EXPECT_FALSE(is_well_formed(std::string("\x12\x81\x00\x01kv", 6))) << "length not in its shortest form";
  EXPECT_FALSE(is_well_formed(std::string("\x12\x01\x05kv", 5))) << "value past the end";
  EXPECT_FALSE(is_well_formed(std::string("\x12\x01", 2))) << "cut off in a length";
  EXPECT_FALSE(is_well_formed(std::string("\x12", 1))) << "cut off behind the kind";
  EXPECT_FALSE(is_well_formed(std::string("\x30\0\1\0", 4))) << "append to table 0";
  EXPECT_FALSE(is_well_formed(std::string("\x61\0\1\1\x68\1", 6))) << "the same stream in table 0";
  EXPECT_FALSE(
      is_well_formed(std::string("\x31\0\1\5"
                                 "1234",
                                 8)))
      << "append cut off";
  EXPECT_FALSE(is_well_formed("\x12\x80\x80\x80\x80\x80\x01")) << "length of six bytes";
  EXPECT_FALSE(
      is_well_formed("\x31"
                     "\x01\x01"
                     "\xff\xff\xff\xff\x7f"))
      << "length of 2^35";
  EXPECT_FALSE(
      is_well_formed("\x12\x80\x04"
                     "\x01" +
                     std::string(600, 'k')))
      << "key of 512 bytes";
}

TEST(OpReader, SequencesAreTakenOnlyWhenTheyAreWhole) {
  const std::string ops("\x31\0\1\1x\x39\1y", 8);
  const auto is_good = [&](std::string_view sequences) {
    OpReader reader(EncodedBatch{as_bytes(ops), as_bytes(sequences)});
    while (reader.next()) {
    }
    return reader.ok();
  };
  EXPECT_TRUE(is_good("\x01\x02"));
  EXPECT_TRUE(is_good("\x01\x02 and what is not its own"));
  EXPECT_FALSE(is_good("\x01\x80"));
  EXPECT_FALSE(is_good(std::string_view("\x01\x82\x00", 3))) << "not in its shortest form";
  OpReader reader(EncodedBatch{as_bytes(ops), as_bytes("\x01\x02 rest")});
  EXPECT_EQ(reader.next()->seq, Seq{1});
  EXPECT_EQ(reader.next()->seq, Seq{2});
  EXPECT_EQ(as_text(reader.rest_of_sequences()), " rest");
}

TEST(OpReader, EveryCutOfAGoodBatchIsEitherWholeOpsOrRefused) {
  WriteBatch batch;
  batch.put(Table::Retained, as_bytes("key"), as_bytes("value"));
  batch.erase(Table::Retained, as_bytes("key"));
  batch.append({1}, as_bytes("entry"));
  const Bytes ops = batch.encoded().ops;
  std::size_t well_formed = 0;
  for (std::size_t size = 0; size <= ops.size(); ++size)
    if (is_well_formed(as_text(ops.first(size)))) ++well_formed;
  EXPECT_EQ(well_formed, 4U) << "behind each of the three ops, and nothing at all";
}

TEST(EntryKey, IsStreamAndSequenceInBigEndian) {
  EXPECT_EQ(entry_key({1}, {258}), std::string("\0\0\0\0\0\0\0\1\0\0\0\0\0\0\1\2", 16));
  EXPECT_LT(entry_key({1}, {255}), entry_key({1}, {256}));
}

}  // namespace
}  // namespace hermod::store
