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
  EXPECT_TRUE(batch.encoded().empty());
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

TEST(WriteBatch, TheEncodingIsPinned) {
  WriteBatch batch;
  batch.put(Table::Sessions, as_bytes("k"), as_bytes("vv"));
  batch.erase(Table::Meta, as_bytes("e"));
  batch.append({0x0102030405060708}, as_bytes("x"));
  batch.give_sequences([](std::size_t, StreamId) { return Seq{9}; });
  const std::string expected =
      std::string("\x00\x00\x00\x1c\x00\x00\x00\x03", 8) +  // 28 bytes, 3 ops
      std::string("\x12\x01\x02kvv", 6) +                   // put into table 2
      std::string(
          "\x27\x01"
          "e",
          3) +                                                   // erase from table 7
      std::string("\x31\x01\x02\x03\x04\x05\x06\x07\x08", 9) +   // append to a stream
      std::string("\x00\x00\x00\x00\x00\x00\x00\x09\x01x", 10);  // its sequence and value
  EXPECT_EQ(as_text(batch.encoded()), expected);
}

TEST(WriteBatch, TheEncodingOfEntryOpsIsPinned) {
  WriteBatch batch;
  batch.append_shared({1}, {2}, as_bytes("x"));
  batch.put_entry({3}, {4}, as_bytes("y"));
  batch.erase_entry({5}, {6});
  batch.erase_stream({7});
  batch.give_sequences([](std::size_t, StreamId) { return Seq{9}; });
  const std::string expected = std::string("\x00\x00\x00\x48\x00\x00\x00\x04", 8) +
                               std::string("\x41\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\x09\0\0\0\0\0\0\0\2\1x", 27) +
                               std::string("\x51\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0\4\1y", 19) +
                               std::string("\x61\0\0\0\0\0\0\0\5\0\0\0\0\0\0\0\6", 17) +
                               std::string("\x71\0\0\0\0\0\0\0\7", 9);
  EXPECT_EQ(as_text(batch.encoded()), expected);
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
  const std::uint8_t* place = batch.encoded().data();
  const WriteBatch moved = std::move(batch);
  EXPECT_EQ(moved.encoded().data(), place);
}

TEST(OpReader, RefusesWhatWriteBatchNeverWrites) {
  EXPECT_TRUE(is_well_formed(std::string("\x12\x01\x01kv", 5)));
  EXPECT_FALSE(is_well_formed(std::string("\x02\x01\x01kv", 5))) << "kind 0";
  EXPECT_FALSE(is_well_formed(std::string("\x82\x01\x01kv", 5))) << "kind 8";
  EXPECT_FALSE(is_well_formed(std::string("\x19\x01\x01kv", 5))) << "table 9";
  EXPECT_FALSE(is_well_formed(std::string("\x11\x01\x01kv", 5))) << "a key in the table of entries";
  EXPECT_FALSE(is_well_formed(std::string("\x10\x01\x01kv", 5))) << "a message whose key is not a number";
  EXPECT_FALSE(is_well_formed(std::string("\x41\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0", 26)))
      << "message zero";
  EXPECT_FALSE(is_well_formed(std::string("\x61\0\0\0\0\0\0\0\1\0\0\0", 12))) << "erase of an entry cut off";
  EXPECT_FALSE(is_well_formed(std::string("\x12\x00\x01v", 4))) << "empty key";
  EXPECT_FALSE(is_well_formed(std::string("\x12\x81\x00\x01kv", 6))) << "length not in its shortest form";
  EXPECT_FALSE(is_well_formed(std::string("\x12\x01\x05kv", 5))) << "value past the end";
  EXPECT_FALSE(is_well_formed(std::string("\x12\x01", 2))) << "cut off in a length";
  EXPECT_FALSE(is_well_formed(std::string("\x12", 1))) << "cut off behind the kind";
  EXPECT_FALSE(is_well_formed(std::string("\x30\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\1\0", 18)))
      << "append to table 0";
  EXPECT_FALSE(is_well_formed(std::string("\x31\0\0\0\0\0\0\0\1\0\0\0", 12))) << "append cut off";
  EXPECT_FALSE(is_well_formed("\x12\x80\x80\x80\x80\x80\x01")) << "length of six bytes";
  EXPECT_FALSE(
      is_well_formed("\x31"
                     "12345678"
                     "12345678"
                     "\xff\xff\xff\xff\x7f"))
      << "length of 2^35";
  EXPECT_FALSE(
      is_well_formed("\x12\x80\x04"
                     "\x01" +
                     std::string(600, 'k')))
      << "key of 512 bytes";
}

TEST(OpReader, EveryCutOfAGoodBatchIsEitherWholeOpsOrRefused) {
  WriteBatch batch;
  batch.put(Table::Retained, as_bytes("key"), as_bytes("value"));
  batch.erase(Table::Retained, as_bytes("key"));
  batch.append({1}, as_bytes("entry"));
  const Bytes ops = batch.encoded().subspan(WriteBatch::kFrameSize);
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
