#include "store/group_codec.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/hash.h"

namespace hermod::store {
namespace {

WallTime at(std::int64_t microseconds) {
  return WallTime(std::chrono::microseconds(microseconds));
}

std::string joined(std::span<const Bytes> pieces) {
  std::string all;
  for (const Bytes piece : pieces) all += as_text(piece);
  return all;
}

WriteBatch put_batch(std::string_view key, std::string_view value) {
  WriteBatch batch;
  batch.put(Table::Sessions, as_bytes(key), as_bytes(value));
  return batch;
}

/// A record of two batches, one of them with an append.
std::string sample_record() {
  WriteBatch first = put_batch("k", "v");
  WriteBatch second;
  second.append({5}, as_bytes("entry"));
  second.give_sequences([](std::size_t, StreamId) { return Seq{77}; });
  GroupEncoder encoder;
  encoder.begin();
  encoder.add(first);
  encoder.add(WriteBatch{});
  encoder.add(second);
  return joined(encoder.finish({42}, at(1'700'000'000'000'000)));
}

/// `record` with its checksum made right again.
std::string resealed(std::string record) {
  record.resize(record.size() - kGroupTrailerSize);
  const std::uint32_t checksum = crc32c(record);
  ByteWriter(record).u32(checksum);
  return record;
}

std::string why_refused(std::string_view record) {
  const Result<Group> group = decode_group(as_bytes(record));
  if (group) return "accepted";
  EXPECT_EQ(group.error().code, Errc::Corruption);
  return group.error().detail;
}

TEST(GroupCodec, ComesBackAsItWasWritten) {
  const std::string record = sample_record();
  const Result<Group> group = decode_group(as_bytes(record));
  ASSERT_TRUE(group) << group.error().detail;
  EXPECT_EQ(group->number, GroupNo{42});
  EXPECT_EQ(group->batch_time, at(1'700'000'000'000'000));
  ASSERT_EQ(group->batches.size(), 2U) << "the empty batch leaves no trace";
  const auto put = OpReader(group->batches[0]).next();
  ASSERT_TRUE(put);
  EXPECT_EQ(as_text(put->value), "v");
  const auto append = OpReader(group->batches[1]).next();
  ASSERT_TRUE(append);
  EXPECT_EQ(append->stream, StreamId{5});
  EXPECT_EQ(append->seq, Seq{77});
  EXPECT_EQ(as_text(append->value), "entry");
}

TEST(GroupCodec, TheBytesArePinned) {
  GroupEncoder encoder;
  encoder.begin();
  const WriteBatch batch = put_batch("k", "v");
  encoder.add(batch);
  EXPECT_EQ(encoder.bytes(), 43U);
  const std::string record = joined(encoder.finish({1}, at(2)));
  const std::string expected = std::string("HMG2") +                 //
                               std::string("\0\0\0\0\0\0\0\1", 8) +  // group number
                               std::string("\0\0\0\0\0\0\0\2", 8) +  // batch time
                               std::string("\0\0\0\1", 4) +          // batches
                               std::string("\0\0\0\0\0\0\0\7", 8) +  // their size
                               std::string("\5\1\x12\1\1kv", 7) +    // the batch
                               std::string("\x27\x54\xfc\x64", 4);   // CRC-32C
  EXPECT_EQ(record, expected);
}

TEST(GroupCodec, EveryFlippedBitIsFound) {
  const std::string record = sample_record();
  for (std::size_t byte = 0; byte < record.size(); ++byte)
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = record;
      damaged[byte] = static_cast<char>(damaged[byte] ^ (1 << bit));
      EXPECT_NE(why_refused(damaged), "accepted") << "byte " << byte << " bit " << bit;
    }
}

TEST(GroupCodec, EveryTornTailIsFound) {
  const std::string record = sample_record();
  for (std::size_t size = 0; size < record.size(); ++size)
    EXPECT_NE(why_refused(record.substr(0, size)), "accepted") << size;
  EXPECT_NE(why_refused(record + '\0'), "accepted");
}

TEST(GroupCodec, DamageUnderARightChecksumIsNamed) {
  const std::string record = sample_record();
  const auto with = [&](std::size_t offset, char byte) {
    std::string changed = record;
    changed[offset] = byte;
    return why_refused(resealed(changed));
  };
  EXPECT_EQ(why_refused("short"), "journal record: only 5 bytes");
  EXPECT_EQ(with(0, 'X'), "journal record: not a commit group");
  EXPECT_EQ(with(23, 0), "journal record: no batches");
  EXPECT_EQ(with(23, 1), "journal record: bytes behind the last batch");
  EXPECT_EQ(with(23, 3), "journal record: batch 2 is cut off");
  EXPECT_EQ(with(31, 1), "journal record: wrong size");
  EXPECT_EQ(with(32, 100), "journal record: batch 0 is cut off");
  EXPECT_EQ(with(33, 2), "journal record: expected 2 ops, found 1 in batch 0");
  EXPECT_EQ(with(34, 0x52), "journal record: op 0 in batch 0 is malformed");
  EXPECT_EQ(with(record.size() - 5, 0), "journal record: op 0 in batch 1 has no sequence");
  EXPECT_EQ(with(record.size() - 5, '\x80'), "journal record: op 0 in batch 1 is malformed");
  EXPECT_EQ(why_refused(record.substr(0, record.size() - 1) + 'x'), "journal record: wrong checksum");
}

TEST(GroupCodec, AnAppendWithoutASequenceIsRefused) {
  for (const bool is_shared : {false, true}) {
    WriteBatch batch;
    is_shared ? batch.append_shared({5}, {6}, as_bytes("entry")) : batch.append({5}, as_bytes("entry"));
    GroupEncoder encoder;
    encoder.begin();
    encoder.add(batch);
    EXPECT_EQ(why_refused(joined(encoder.finish({1}, at(0)))),
              "journal record: op 0 in batch 0 has no sequence");
  }
}

/// Where the batches are in the record is counted in two places.
TEST(GroupCodec, EveryBatchIsWhereItsSizesSay) {
  GroupEncoder encoder;
  encoder.begin();
  std::vector<WriteBatch> batches(200);
  for (std::size_t i = 0; i < batches.size(); ++i) {
    for (std::size_t append = 0; append <= i % 3; ++append)
      batches[i].append({i % 7}, as_bytes(std::string(i * 3, 'v')));
    batches[i].erase_entry({i}, {i * i});
    batches[i].give_sequences([&](std::size_t, StreamId) { return Seq{1 + i * i * i}; });
    encoder.add(batches[i]);
  }
  const std::size_t size = encoder.bytes();
  const std::string record = joined(encoder.finish({9}, at(0)));
  EXPECT_EQ(record.size(), size);
  const Result<Group> group = decode_group(as_bytes(record));
  ASSERT_TRUE(group) << group.error().detail;
  ASSERT_EQ(group->batches.size(), batches.size());
  std::size_t offset = kGroupHeaderSize;
  for (std::size_t i = 0; i < batches.size(); ++i) {
    const EncodedBatch read = group->batches[i];
    EXPECT_EQ(as_text(read.ops), as_text(batches[i].encoded().ops));
    EXPECT_EQ(as_text(read.sequences), as_text(batches[i].encoded().sequences));
    EXPECT_EQ(read.ops.data(), as_bytes(record).data() + offset + batches[i].head_size());
    offset += batches[i].bytes();
  }
  EXPECT_EQ(offset + kGroupTrailerSize, record.size());
}

TEST(GroupCodec, TheEncoderStartsAfreshWithEachGroup) {
  GroupEncoder encoder;
  const WriteBatch big = put_batch("key", std::string(1000, 'x'));
  const WriteBatch small = put_batch("k", "v");
  encoder.begin();
  encoder.add(big);
  (void)encoder.finish({1}, at(1));
  encoder.begin();
  EXPECT_TRUE(encoder.empty());
  encoder.add(small);
  const std::string record = joined(encoder.finish({2}, at(2)));
  EXPECT_EQ(record.size(), encoder.bytes());
  const Result<Group> group = decode_group(as_bytes(record));
  ASSERT_TRUE(group) << group.error().detail;
  EXPECT_EQ(group->batches.size(), 1U);
}

TEST(Checksum, IsCrc32cOverAllPieces) {
  Checksum pieces;
  pieces.add(as_bytes("1234"));
  pieces.add({});
  pieces.add(as_bytes("56789"));
  EXPECT_EQ(pieces.value(), 0xE3069283U) << "check value of CRC-32C";
}

TEST(Checksum, TheInstructionAndThePortableWayAgree) {
  std::string bytes;
  for (std::size_t size = 0; size < 100; ++size) {
    Checksum checksum;
    checksum.add(as_bytes(bytes));
    EXPECT_EQ(checksum.value(), crc32c(bytes)) << size;
    EXPECT_EQ(~extend_crc32c_portable(0xFFFFFFFFU, as_bytes(bytes)), crc32c(bytes)) << size;
    bytes.push_back(static_cast<char>(size * 37 + 11));
  }
}

}  // namespace
}  // namespace hermod::store
