#include "store/format3.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"

namespace hermod::store {
namespace {

/// A group as format 3 has it: frames of u32 size and u32 number in front of the ops of each batch.
struct OldBatch {
  std::string ops;
  std::uint32_t count = 0;
};

std::string old_record(const std::vector<OldBatch>& batches, GroupNo number = {42}) {
  std::string body;
  for (const OldBatch& batch : batches) {
    ByteWriter out(body);
    out.u32(static_cast<std::uint32_t>(batch.ops.size()));
    out.u32(batch.count);
    out.bytes(batch.ops);
  }
  std::string record;
  ByteWriter out(record);
  out.bytes("HMG1");
  out.u64(number.v);
  out.u64(1'700'000'000'000'000);
  out.u32(static_cast<std::uint32_t>(batches.size()));
  out.u64(body.size());
  out.bytes(body);
  out.u32(crc32c(record));
  return record;
}

std::string eight(std::uint64_t number) {
  std::string bytes;
  ByteWriter(bytes).u64(number);
  return bytes;
}

const std::string kErase = "\x61" + eight(5) + eight(6);

/// Every kind of op.
OldBatch every_op() {
  return {std::string("\x12\x01\x02kvv") +  // put into sessions
              "\x27\x01"
              "e" +  // erase from meta
              "\x31" +
              eight(0x0102030405060708) + eight(9) + "\x01x" +      // append
              "\x41" + eight(1) + eight(10) + eight(2) + "\x01y" +  // append of a shared one
              "\x51" + eight(3) + eight(4) + "\x01z" +              // put of an entry
              kErase + "\x71" + eight(7),
          7};
}

std::string why_not(const std::string& record) {
  const auto group = decode_group_of_format_3(as_bytes(record));
  if (group) return "accepted";
  EXPECT_EQ(group.error().code, Errc::Corruption);
  return group.error().detail;
}

TEST(Format3, EveryOpIsReadAsItIsMeant) {
  const auto group = decode_group_of_format_3(as_bytes(old_record({every_op(), {kErase, 1}})));
  ASSERT_TRUE(group) << group.error().detail;
  EXPECT_EQ(group->number, GroupNo{42});
  EXPECT_EQ(group->batch_time, wall_time_of(1'700'000'000'000'000));
  ASSERT_EQ(group->batches.size(), 2U);
  std::vector<Op> ops;
  OpReader reader = group->batches[0].ops();
  while (const auto op = reader.next()) ops.push_back(*op);
  ASSERT_TRUE(reader.ok());
  ASSERT_EQ(ops.size(), 7U);
  EXPECT_EQ(ops[0].table, Table::Sessions);
  EXPECT_EQ(as_text(ops[0].key), "k");
  EXPECT_EQ(as_text(ops[0].value), "vv");
  EXPECT_EQ(ops[1].kind, Op::Kind::Erase);
  EXPECT_EQ(as_text(ops[1].key), "e");
  EXPECT_EQ(ops[2].kind, Op::Kind::Append);
  EXPECT_EQ(ops[2].stream, StreamId{0x0102030405060708});
  EXPECT_EQ(ops[2].seq, Seq{9});
  EXPECT_EQ(as_text(ops[2].value), "x");
  EXPECT_EQ(ops[3].message, MessageId{2});
  EXPECT_EQ(ops[3].seq, Seq{10});
  EXPECT_EQ(as_text(ops[3].value), "y");
  EXPECT_EQ(ops[4].kind, Op::Kind::PutEntry);
  EXPECT_EQ(ops[4].seq, Seq{4});
  EXPECT_EQ(as_text(ops[4].value), "z");
  EXPECT_EQ(ops[5].kind, Op::Kind::EraseEntry);
  EXPECT_EQ(ops[5].stream, StreamId{5});
  EXPECT_EQ(ops[5].seq, Seq{6});
  EXPECT_EQ(ops[6].kind, Op::Kind::EraseStream);
  EXPECT_EQ(ops[6].stream, StreamId{7});
}

TEST(Format3, EveryFlippedBitAndEveryCutIsFound) {
  const std::string record = old_record({every_op()});
  for (std::size_t bit = 0; bit < record.size() * 8; ++bit) {
    std::string damaged = record;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    EXPECT_NE(why_not(damaged), "accepted") << "bit " << bit;
  }
  for (std::size_t size = 0; size < record.size(); ++size)
    EXPECT_NE(why_not(record.substr(0, size)), "accepted") << size;
  EXPECT_NE(why_not(record + '\0'), "accepted");
}

TEST(Format3, WhatItNeverWroteIsRefusedUnderARightChecksum) {
  const auto why = [](std::string ops, std::uint32_t count = 1) {
    return why_not(old_record({{std::move(ops), count}}));
  };
  EXPECT_EQ(why(kErase), "accepted");
  EXPECT_NE(why(kErase, 2), "accepted") << "another number of ops";
  EXPECT_NE(why("", 0), "accepted") << "no ops";
  EXPECT_NE(why_not(old_record({})), "accepted") << "no batches";
  EXPECT_NE(why(std::string("\x02\x01\x01kv", 5)), "accepted") << "kind 0";
  EXPECT_NE(why(std::string("\x82\x01\x01kv", 5)), "accepted") << "kind 8";
  EXPECT_NE(why("\x19\x08\x01" + eight(1) + "v"), "accepted") << "a table that it had not";
  EXPECT_NE(why(std::string("\x11\x01\x01kv", 5)), "accepted") << "a key in the table of entries";
  EXPECT_NE(why(std::string("\x10\x01\x01kv", 5)), "accepted") << "a message whose key is no number";
  EXPECT_NE(why(std::string("\x12\x00\x01v", 4)), "accepted") << "empty key";
  EXPECT_NE(why(std::string("\x12\x81\x00\x01kv", 6)), "accepted") << "length not in its shortest form";
  EXPECT_NE(why(std::string("\x12\x01\x05kv", 5)), "accepted") << "value past the end";
  EXPECT_NE(why("\x31" + eight(1) + eight(0) + "\x01x"), "accepted") << "no sequence";
  EXPECT_NE(why("\x41" + eight(1) + eight(1) + eight(0) + "\x01x"), "accepted") << "message zero";
  EXPECT_NE(why("\x60" + eight(5) + eight(6)), "accepted") << "an entry of another table";
  EXPECT_NE(why("\x31" + eight(1) + eight(1) + "\xff\xff\xff\xff\x7f"), "accepted") << "length of 2^35";
}

}  // namespace
}  // namespace hermod::store
