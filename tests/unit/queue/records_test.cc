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

}  // namespace
}  // namespace hermod::queue
