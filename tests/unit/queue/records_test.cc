#include "queue/records.h"

#include <gtest/gtest.h>

#include <string>

namespace hermod::queue {
namespace {

Delivery example() {
  Message::Fields fields;
  fields.topic = "plant/7/temperature";
  fields.payload = as_bytes("21.5");
  fields.forwarded_properties = as_bytes(std::string_view("\x01\x01", 2));
  fields.qos = wire::QoS::ExactlyOnce;
  fields.retain = true;
  fields.publisher = SessionId{0x0102030405060708};
  fields.stored_at = WallTime{std::chrono::microseconds{1'700'000'000'000'000}};
  fields.expires_at = WallTime{std::chrono::microseconds{1'700'000'060'000'000}};
  Delivery delivery;
  delivery.message = Message::create(fields);
  delivery.qos = wire::QoS::AtLeastOnce;
  delivery.group = 9;
  delivery.identifiers = {1, 268'435'455};
  return delivery;
}

void expect_same(const Message& a, const Message& b) {
  EXPECT_EQ(a.topic(), b.topic());
  EXPECT_EQ(as_text(a.payload()), as_text(b.payload()));
  EXPECT_EQ(as_text(a.forwarded_properties()), as_text(b.forwarded_properties()));
  EXPECT_EQ(a.qos(), b.qos());
  EXPECT_EQ(a.retain(), b.retain());
  EXPECT_EQ(a.publisher(), b.publisher());
  EXPECT_EQ(a.stored_at(), b.stored_at());
  EXPECT_EQ(a.expires_at(), b.expires_at());
}

TEST(QueueRecords, MessageComesBackAsItWasStored) {
  const Delivery original = example();
  const auto decoded = decode_message(as_bytes(encode_message(*original.message)));
  ASSERT_TRUE(decoded) << decoded.error().detail;
  expect_same(**decoded, *original.message);
}

TEST(QueueRecords, EntryComesBackAsItWasStored) {
  const Delivery original = example();
  const auto decoded = decode_entry(as_bytes(encode_entry(original)));
  ASSERT_TRUE(decoded) << decoded.error().detail;
  EXPECT_EQ(decoded->qos, original.qos);
  EXPECT_EQ(decoded->retain, original.retain);
  EXPECT_EQ(decoded->group, original.group);
  EXPECT_EQ(decoded->identifiers, original.identifiers);
  expect_same(*decoded->message, *original.message);
}

TEST(QueueRecords, EveryTruncationIsRefused) {
  const std::string record = encode_entry(example());
  for (std::size_t size = 0; size < record.size(); ++size)
    EXPECT_FALSE(decode_entry(as_bytes(std::string_view(record).substr(0, size)))) << size;
}

TEST(QueueRecords, TrailingBytesAndUnknownVersionsAreRefused) {
  std::string record = encode_entry(example());
  EXPECT_FALSE(decode_entry(as_bytes(record + "x")));
  record[0] = 2;
  const auto decoded = decode_entry(as_bytes(record));
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code, Errc::Unsupported);
}

TEST(QueueRecords, EntryBytesAreTheOnesOfVersionOne) {
  Message::Fields fields;
  fields.topic = "t";
  fields.payload = as_bytes("p");
  fields.qos = wire::QoS::AtLeastOnce;
  fields.publisher = SessionId{2};
  fields.stored_at = WallTime{std::chrono::microseconds{3}};
  fields.expires_at = WallTime{std::chrono::microseconds{4}};
  Delivery delivery;
  delivery.message = Message::create(fields);
  delivery.qos = wire::QoS::AtLeastOnce;
  delivery.group = 5;
  delivery.identifiers = {6};
  const std::string expected(
      "\x01\x01"                     // version, QoS and flags of the entry
      "\0\0\0\0\0\0\0\x05"           // group
      "\0\x01\0\0\0\x06"             // one subscription identifier
      "\x01"                         // QoS and flags of the message
      "\0\0\0\0\0\0\0\x02"           // publisher
      "\0\0\0\0\0\0\0\x03"           // stored at
      "\0\0\0\0\0\0\0\x04"           // expires at
      "\0\x01t\0\0\0\0\0\0\0\x01p",  // topic, properties, payload
      2 + 8 + 6 + 1 + 24 + 3 + 4 + 5);
  EXPECT_EQ(encode_entry(delivery), expected);
}

/// The value of the only op of a batch.
template <class Fill>
std::string only_value(store::Op::Kind kind, Fill fill) {
  store::WriteBatch batch;
  fill(batch);
  store::OpReader ops = batch.ops();
  const auto op = ops.next();
  EXPECT_TRUE(op && op->kind == kind);
  EXPECT_FALSE(ops.next());
  EXPECT_TRUE(ops.ok());
  return op ? std::string(as_text(op->value)) : std::string();
}

TEST(QueueRecords, SharedEntryComesBackWithTheMessageItIsGiven) {
  const Delivery original = example();
  const auto decoded = decode_shared_entry(as_bytes(encode_shared_entry(original)), original.message);
  ASSERT_TRUE(decoded) << decoded.error().detail;
  EXPECT_EQ(decoded->qos, original.qos);
  EXPECT_EQ(decoded->retain, original.retain);
  EXPECT_EQ(decoded->group, original.group);
  EXPECT_EQ(decoded->identifiers, original.identifiers);
  EXPECT_EQ(decoded->message, original.message) << "shared, not copied";
}

TEST(QueueRecords, SharedEntryHoldsNothingOfTheMessage) {
  Delivery small = example();
  Delivery large = example();
  const std::string payload(10'000, 'p');
  Message::Fields fields;
  fields.topic = "other";
  fields.payload = as_bytes(payload);
  large.message = Message::create(fields);
  EXPECT_EQ(encode_shared_entry(small), encode_shared_entry(large));
}

TEST(QueueRecords, SharedEntryOfEveryOtherLengthIsRefused) {
  const Delivery original = example();
  const std::string record = encode_shared_entry(original);
  for (std::size_t size = 0; size < record.size(); ++size)
    EXPECT_FALSE(decode_shared_entry(as_bytes(std::string_view(record).substr(0, size)), original.message))
        << size;
  EXPECT_FALSE(decode_shared_entry(as_bytes(record + "x"), original.message));
  EXPECT_FALSE(decode_shared_entry(as_bytes(encode_entry(original)), original.message))
      << "an entry with its message inside is not a shared one";
}

TEST(QueueRecords, MessageOfEveryOtherLengthIsRefused) {
  const std::string record = encode_message(*example().message);
  for (std::size_t size = 0; size < record.size(); ++size)
    EXPECT_FALSE(decode_message(as_bytes(std::string_view(record).substr(0, size)))) << size;
  EXPECT_FALSE(decode_message(as_bytes(record + "x")));
}

TEST(QueueRecords, UnknownFlagsAreRefused) {
  const Delivery original = example();
  for (unsigned flags = 0; flags < 256; ++flags) {
    const bool known = (flags & ~0x13U) == 0 && (flags & 3) != 3;
    std::string entry = encode_shared_entry(original);
    entry[1] = static_cast<char>(flags);
    EXPECT_EQ(decode_shared_entry(as_bytes(entry), original.message).has_value(), known) << flags;
    std::string message = encode_message(*original.message);
    message[1] = static_cast<char>(flags);
    EXPECT_EQ(decode_message(as_bytes(message)).has_value(), known) << flags;
  }
}

TEST(QueueRecords, SharedEntryOfAnUnknownVersionIsUnsupported) {
  const Delivery original = example();
  std::string record = encode_shared_entry(original);
  record[0] = 2;
  const auto decoded = decode_shared_entry(as_bytes(record), original.message);
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code, Errc::Unsupported);
}

TEST(QueueRecords, ReleasedEntryIsTwoBytesAndNeverTakenForAMessage) {
  const std::string record = only_value(store::Op::Kind::PutEntry, [](store::WriteBatch& batch) {
    record_released(batch, StreamId{3}, Seq{4});
  });
  EXPECT_EQ(record, "\x01\xFF");
  EXPECT_TRUE(is_released(as_bytes(record)));
  EXPECT_FALSE(decode_entry(as_bytes(record)));
  EXPECT_FALSE(decode_shared_entry(as_bytes(record), example().message));
}

TEST(QueueRecords, NothingElseIsTakenForReleased) {
  const std::string record("\x01\xFF");
  EXPECT_FALSE(is_released(as_bytes(record.substr(0, 0))));
  EXPECT_FALSE(is_released(as_bytes(record.substr(0, 1))));
  EXPECT_FALSE(is_released(as_bytes(record + "x")));
  EXPECT_FALSE(is_released(as_bytes("\x02\xFF")));
  EXPECT_FALSE(is_released(as_bytes("\x01\x02")));
  EXPECT_FALSE(is_released(as_bytes(encode_entry(example()))));
  EXPECT_FALSE(is_released(as_bytes(encode_shared_entry(example()))));
}

TEST(QueueRecords, BatchHoldsTheRecordsAndNamesStreamSequenceAndMessage) {
  const Delivery delivery = example();
  store::WriteBatch batch;
  put_message(batch, MessageId{77}, *delivery.message);
  append_entry(batch, StreamId{3}, delivery, MessageId{77});
  append_entry(batch, StreamId{4}, delivery);
  erase_entry(batch, StreamId{5}, Seq{6});
  store::OpReader ops = batch.ops();
  const auto message = ops.next();
  ASSERT_TRUE(message);
  EXPECT_EQ(message->kind, store::Op::Kind::Put);
  EXPECT_EQ(message->table, store::Table::Messages);
  EXPECT_EQ(as_text(message->value), encode_message(*delivery.message));
  const auto shared = ops.next();
  ASSERT_TRUE(shared);
  EXPECT_EQ(shared->kind, store::Op::Kind::AppendShared);
  EXPECT_EQ(shared->stream, StreamId{3});
  EXPECT_EQ(shared->message, MessageId{77});
  EXPECT_EQ(as_text(shared->value), encode_shared_entry(delivery));
  const auto whole = ops.next();
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->kind, store::Op::Kind::Append);
  EXPECT_EQ(whole->stream, StreamId{4});
  EXPECT_EQ(as_text(whole->value), encode_entry(delivery));
  const auto erased = ops.next();
  ASSERT_TRUE(erased);
  EXPECT_EQ(erased->kind, store::Op::Kind::EraseEntry);
  EXPECT_EQ(erased->stream, StreamId{5});
  EXPECT_EQ(erased->seq, Seq{6});
  EXPECT_FALSE(ops.next());
}

}  // namespace
}  // namespace hermod::queue
