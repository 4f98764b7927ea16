#include "session/records.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace hermod::session {
namespace {

using store::Op;
using store::Table;

constexpr WallTime kThen{std::chrono::microseconds{1'700'000'000'123'456}};

Will full_will() {
  return {.topic = "alarm/pump",
          .payload = std::string("\0gone\xFF", 6),
          .forwarded_properties = std::string("\x01\x01", 2),
          .qos = wire::QoS::ExactlyOnce,
          .retain = true,
          .delay = 0xFFFFFFFE,
          .message_expiry_interval = 0};
}

std::unique_ptr<Session> full_session() {
  auto session = std::make_unique<Session>(SessionId{0x0102030405060708}, std::string("client\0\xC3\xBC", 9),
                                           /*durable=*/true, Options{});
  session->set_expiry_interval(Session::kNeverExpires);
  session->set_absent_since(kThen);
  session->queue().start_at(Seq{41});
  session->set_will(std::make_unique<Will>(full_will()));
  return session;
}

std::unique_ptr<Will> will_on(std::string topic) {
  auto will = std::make_unique<Will>();
  will->topic = std::move(topic);
  return will;
}

/// The record of a subscription as it lies in a batch.
std::string subscription_record(std::string_view filter, const topic::SubscriptionOptions& options) {
  store::WriteBatch batch;
  record_subscription(batch, SessionId{1}, 2, filter, options);
  return std::string(as_text(batch.ops().next()->value));
}

struct Change {
  Op::Kind kind;
  Table table;
  std::string key;
  StreamId stream;
  friend bool operator==(const Change&, const Change&) = default;
};

std::vector<Change> changes(const store::WriteBatch& batch) {
  std::vector<Change> out;
  store::OpReader ops = batch.ops();
  while (const auto op = ops.next())
    out.push_back({op->kind, op->table, std::string(as_text(op->key)), op->stream});
  EXPECT_TRUE(ops.ok());
  return out;
}

TEST(SessionRecord, EveryFieldComesBackAsItWasStored) {
  const auto session = full_session();
  const auto record = decode_session(as_bytes(encode_session(*session)));
  ASSERT_TRUE(record) << record.error().detail;
  EXPECT_EQ(record->client_id, session->client_id());
  EXPECT_EQ(record->expiry_interval, Session::kNeverExpires);
  EXPECT_EQ(record->absent_since, kThen);
  EXPECT_EQ(record->sent_before, Seq{41});
  ASSERT_NE(record->will, nullptr);
  const Will expected = full_will();
  EXPECT_EQ(record->will->topic, expected.topic);
  EXPECT_EQ(record->will->payload, expected.payload);
  EXPECT_EQ(record->will->forwarded_properties, expected.forwarded_properties);
  EXPECT_EQ(record->will->qos, expected.qos);
  EXPECT_EQ(record->will->retain, expected.retain);
  EXPECT_EQ(record->will->delay, expected.delay);
  EXPECT_EQ(record->will->message_expiry_interval, 0U) << "expires at once, which is not: never";
}

TEST(SessionRecord, WhatASessionDoesNotHaveStaysAway) {
  Session session(SessionId{1}, "", /*durable=*/true, {});
  session.set_expiry_interval(1);
  const auto record = decode_session(as_bytes(encode_session(session)));
  ASSERT_TRUE(record) << record.error().detail;
  EXPECT_EQ(record->client_id, "");
  EXPECT_EQ(record->expiry_interval, 1U);
  EXPECT_EQ(record->absent_since, std::nullopt) << "a client was connected";
  EXPECT_EQ(record->sent_before, Seq{1});
  EXPECT_EQ(record->will, nullptr);
}

TEST(SessionRecord, WillWithoutExpiryAndContentComesBack) {
  Session session(SessionId{1}, "a", /*durable=*/true, {});
  session.set_will(will_on("t"));
  const auto record = decode_session(as_bytes(encode_session(session)));
  ASSERT_TRUE(record && record->will);
  EXPECT_EQ(record->will->message_expiry_interval, std::nullopt);
  EXPECT_EQ(record->will->payload, "");
  EXPECT_EQ(record->will->qos, wire::QoS::AtMostOnce);
  EXPECT_FALSE(record->will->retain);
  EXPECT_EQ(record->will->delay, 0U);
}

TEST(SessionRecord, EntriesBelowTheFirstThatWaitsCountAsSent) {
  Session session(SessionId{1}, "a", /*durable=*/true, {});
  queue::Delivery delivery;
  queue::Message::Fields fields;
  fields.topic = "t";
  delivery.message = queue::Message::create(fields);
  delivery.qos = wire::QoS::AtLeastOnce;
  session.queue().offer(Seq{1}, delivery);
  session.queue().offer(Seq{2}, delivery);
  session.queue().mark_sent(Seq{1});
  EXPECT_EQ(decode_session(as_bytes(encode_session(session)))->sent_before, Seq{2});
  session.queue().mark_sent(Seq{2});
  EXPECT_EQ(decode_session(as_bytes(encode_session(session)))->sent_before, Seq{3});
}

TEST(SessionRecord, WithAConnectionEntriesAFewWindowsAheadCountAsSent) {
  Session session(SessionId{1}, "a", /*durable=*/true, {});
  session.bind(ConnectionId{}, 10, 10);
  EXPECT_EQ(decode_session(as_bytes(encode_session(session)))->sent_before, Seq{217});
  EXPECT_FALSE(session.may_send(Seq{1})) << "the record is not stored";
  session.allow_before(Seq{217});
  EXPECT_TRUE(session.may_send(Seq{216}));
  EXPECT_FALSE(session.may_send(Seq{217}));
  session.unbind();
  EXPECT_EQ(decode_session(as_bytes(encode_session(session)))->sent_before, Seq{1});
}

TEST(SessionRecord, RecordOfEveryOtherLengthIsRefused) {
  const std::string record = encode_session(*full_session());
  for (std::size_t size = 0; size < record.size(); ++size)
    EXPECT_FALSE(decode_session(as_bytes(std::string_view(record).substr(0, size)))) << size;
  const auto longer = decode_session(as_bytes(record + "x"));
  ASSERT_FALSE(longer);
  EXPECT_EQ(longer.error().code, Errc::Corruption);
}

TEST(SessionRecord, UnknownVersionsAndFlagsAreRefused) {
  const std::string good = encode_session(*full_session());
  const std::size_t will = 1 + 2 + 9 + 4 + 8 + 8;  // where the flag of the will is
  const auto refused = [&](std::size_t offset, char value, Errc code) {
    std::string record = good;
    record[offset] = value;
    const auto decoded = decode_session(as_bytes(record));
    ASSERT_FALSE(decoded) << offset;
    EXPECT_EQ(decoded.error().code, code) << offset;
  };
  refused(0, 0, Errc::Unsupported);
  refused(0, 2, Errc::Unsupported);
  refused(will, 2, Errc::Corruption);
  refused(will, 0, Errc::Corruption);      // and then the will is bytes behind the end
  refused(will + 1, 3, Errc::Corruption);  // QoS
  refused(will + 2, 2, Errc::Corruption);  // retain
  refused(will + 7, 2, Errc::Corruption);  // whether it expires
}

/// The form on disk. A change of these bytes needs another version.
TEST(SessionRecord, BytesAreTheOnesOfVersionOne) {
  Session session(SessionId{1}, "id", /*durable=*/true, {});
  session.set_expiry_interval(5);
  session.set_absent_since(WallTime{std::chrono::microseconds{6}});
  session.queue().start_at(Seq{7});
  session.set_will(std::make_unique<Will>(Will{.topic = "t",
                                               .payload = "p",
                                               .forwarded_properties = "f",
                                               .qos = wire::QoS::AtLeastOnce,
                                               .retain = true,
                                               .delay = 8,
                                               .message_expiry_interval = 9}));
  const std::string expected(
      "\x01"
      "\0\x02id"
      "\0\0\0\x05"
      "\0\0\0\0\0\0\0\x06"
      "\0\0\0\0\0\0\0\x07"
      "\x01"
      "\x01\x01\0\0\0\x08\x01\0\0\0\x09"
      "\0\x01t\0\0\0\x01"
      "f\0\0\0\x01p",
      1 + 4 + 4 + 8 + 8 + 1 + 11 + 3 + 5 + 5);
  EXPECT_EQ(encode_session(session), expected);
}

TEST(SubscriptionRecord, EveryCombinationOfOptionsComesBack) {
  const std::string longest(65535, 'x');
  for (const std::string& filter : {std::string("a"), std::string("$share/g/+/#"), longest}) {
    for (unsigned bits = 0; bits < 12; ++bits) {
      const topic::SubscriptionOptions options{.granted_qos = static_cast<std::uint8_t>(bits % 3),
                                               .no_local = bits / 3 % 2 == 1,
                                               .retain_as_published = bits / 6 == 1,
                                               .identifier = bits * 24'403'223};
      const auto record = decode_subscription(as_bytes(subscription_record(filter, options)));
      ASSERT_TRUE(record) << record.error().detail;
      EXPECT_EQ(record->filter, filter);
      EXPECT_EQ(record->options, options);
      EXPECT_FALSE(record->retained_due);
    }
  }
}

TEST(SubscriptionRecord, DueRetainedMessagesComeBack) {
  store::WriteBatch batch;
  record_subscription(batch, SessionId{1}, 2, "a", {.granted_qos = 1}, /*retained_due=*/true);
  store::OpReader ops = batch.ops();
  const auto record = decode_subscription(ops.next()->value);
  ASSERT_TRUE(record);
  EXPECT_TRUE(record->retained_due);
}

TEST(SubscriptionRecord, RecordOfEveryOtherLengthIsRefused) {
  const std::string record = subscription_record("a/+/c", {.granted_qos = 1, .identifier = 7});
  for (std::size_t size = 0; size < record.size(); ++size)
    EXPECT_FALSE(decode_subscription(as_bytes(std::string_view(record).substr(0, size)))) << size;
  EXPECT_FALSE(decode_subscription(as_bytes(record + "x")));
}

TEST(SubscriptionRecord, UnknownVersionsAndFlagsAreRefused) {
  const std::string good = subscription_record("a", {});
  for (unsigned flags = 0; flags < 256; ++flags) {
    std::string record = good;
    record[1] = static_cast<char>(flags);
    const bool known = (flags & ~0x1FU) == 0 && (flags & 3) != 3;
    EXPECT_EQ(decode_subscription(as_bytes(record)).has_value(), known) << flags;
  }
  std::string record = good;
  record[0] = 3;
  ASSERT_FALSE(decode_subscription(as_bytes(record)));
  EXPECT_EQ(decode_subscription(as_bytes(record)).error().code, Errc::Unsupported);
}

TEST(SubscriptionRecord, BytesAreTheOnesOfVersionOne) {
  EXPECT_EQ(subscription_record(
                "f", {.granted_qos = 2, .no_local = true, .retain_as_published = true, .identifier = 3}),
            std::string("\x01\x0E\0\0\0\x03\0\x01"
                        "f",
                        9));
}

TEST(SubscriptionRecord, APropertyFilterStandsBehindItAndMakesItVersionTwo) {
  store::WriteBatch batch;
  record_subscription(batch, SessionId{1}, 2, "$queue/q", {.granted_qos = 1, .identifier = 3},
                      /*retained_due=*/false, "tags=a&n>25");
  store::OpReader ops = batch.ops();
  const auto op = ops.next();
  const std::string bytes(as_text(op->value));
  EXPECT_EQ(bytes, std::string("\x02\x01\0\0\0\x03\0\x08$queue/q\0\x0Btags=a&n>25", 8 + 8 + 2 + 11));
  const auto record = decode_subscription(as_bytes(bytes));
  ASSERT_TRUE(record) << record.error().detail;
  EXPECT_EQ(record->filter, "$queue/q");
  EXPECT_EQ(record->property_filter, "tags=a&n>25");
  EXPECT_EQ(record->options.identifier, 3U);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(decode_subscription(as_bytes(std::string_view(bytes).substr(0, size)))) << size;
  EXPECT_FALSE(decode_subscription(as_bytes(bytes + "x")));
}

TEST(SubscriptionRecord, OneOfAnOlderBrokerHasNoPropertyFilter) {
  const std::string old("\x01\x01\0\0\0\0\0\x08$queue/q", 16);
  EXPECT_EQ(subscription_record("$queue/q", {.granted_qos = 1}), old) << "and is still written so";
  const auto record = decode_subscription(as_bytes(old));
  ASSERT_TRUE(record) << record.error().detail;
  EXPECT_EQ(record->filter, "$queue/q");
  EXPECT_EQ(record->property_filter, "");
}

TEST(RecordKeys, EveryTableHasItsOwnLength) {
  store::WriteBatch batch;
  record_session(batch, *full_session());
  record_subscription(batch, SessionId{0x0102030405060708}, 0x0A0B0C0D, "f", {});
  record_inbound_id(batch, SessionId{0x0102030405060708}, wire::PacketId{0x0E0F});
  const std::vector<Change> expected{
      {Op::Kind::Put, Table::Sessions, "\x01\x02\x03\x04\x05\x06\x07\x08", {}},
      {Op::Kind::Put, Table::Subscriptions, "\x01\x02\x03\x04\x05\x06\x07\x08\x0A\x0B\x0C\x0D", {}},
      {Op::Kind::Put, Table::InboundIds, "\x01\x02\x03\x04\x05\x06\x07\x08\x0E\x0F", {}}};
  EXPECT_EQ(changes(batch), expected);
  const std::uint32_t numbers[] = {0, 0x0A0B0C0D, 0x0E0F};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const std::string& key = expected[i].key;
    for (std::size_t size = 0; size <= key.size() + 1; ++size) {
      const auto decoded = decode_key(expected[i].table, as_bytes((key + "x").substr(0, size)));
      EXPECT_EQ(decoded.has_value(), size == key.size()) << i << ": " << size;
      if (!decoded) continue;
      EXPECT_EQ(decoded->session, SessionId{0x0102030405060708});
      EXPECT_EQ(decoded->number, numbers[i]);
    }
  }
}

TEST(RecordKeys, EraseNamesTheKeyThatWasPut) {
  store::WriteBatch put;
  record_subscription(put, SessionId{5}, 6, "f", {});
  record_inbound_id(put, SessionId{5}, wire::PacketId{7});
  store::WriteBatch erase;
  erase_subscription(erase, SessionId{5}, 6);
  erase_inbound_id(erase, SessionId{5}, wire::PacketId{7});
  const auto before = changes(put);
  const auto after = changes(erase);
  ASSERT_EQ(after.size(), before.size());
  for (std::size_t i = 0; i < after.size(); ++i) {
    EXPECT_EQ(after[i].kind, Op::Kind::Erase);
    EXPECT_EQ(after[i].table, before[i].table);
    EXPECT_EQ(after[i].key, before[i].key);
  }
}

TEST(RecordKeys, EndOfASessionErasesEverythingOfIt) {
  const auto owned = full_session();
  Session& session = *owned;
  session.bind({ShardId{0}, 1, 1}, 10, 10);
  session.subscriptions().set("stored", {}, 3);
  session.subscriptions().set("in memory", {});
  session.subscriptions().number_for("on its way");  // 4
  session.inbound().on_publish(wire::PacketId{9}, wire::QoS::ExactlyOnce);
  session.inbound().on_publish(wire::PacketId{8}, wire::QoS::AtLeastOnce);
  store::WriteBatch batch;
  erase_session(batch, session);
  const std::string id = "\x01\x02\x03\x04\x05\x06\x07\x08";
  const std::vector<Change> expected{
      {Op::Kind::Erase, Table::Sessions, id, {}},
      {Op::Kind::Erase, Table::Subscriptions, id + std::string("\0\0\0\x03", 4), {}},
      {Op::Kind::Erase, Table::Subscriptions, id + std::string("\0\0\0\x04", 4), {}},
      {Op::Kind::Erase, Table::InboundIds, id + std::string("\0\x09", 2), {}},
      {Op::Kind::EraseStream, Table::Entries, "", StreamId{0x0102030405060708}}};
  EXPECT_EQ(changes(batch), expected);
}

}  // namespace
}  // namespace hermod::session
