#include "queue/queue_records.h"

#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <utility>

#include "queue/queue_id.h"
#include "queue/queue_option.h"
#include "queue/records.h"

namespace hermod::queue {
namespace {

using namespace std::chrono_literals;

WallTime at(std::int64_t micros) {
  return WallTime{std::chrono::microseconds{micros}};
}

QueueEntry dead_order() {
  Message::Fields fields;
  fields.topic = "orders/7";
  fields.payload = as_bytes("two pieces");
  fields.qos = wire::QoS::AtLeastOnce;
  fields.stored_at = at(1'700'000'000'000'000);
  return {.message = Message::create(fields),
          .key = "customer 7",
          .deaths = {{.queue = "orders", .reason = DeathReason::DeliveryLimit, .deliveries = 17, .at = at(5)},
                     {.queue = "retry", .reason = DeathReason::Expired, .deliveries = 0, .at = at(6)}},
          .moved_at = at(7)};
}

QueueDefinition shop_orders() {
  QueueDefinition definition;
  definition.name = "warehouse";
  definition.bind = {"shop/+/orders", "$orders"};
  return definition;
}

void expect_same_entry(const QueueEntry& a, const QueueEntry& b) {
  EXPECT_EQ(as_text(a.message->payload()), as_text(b.message->payload()));
  EXPECT_EQ(a.message->stored_at(), b.message->stored_at());
  EXPECT_EQ(a.key, b.key);
  EXPECT_EQ(a.deaths, b.deaths);
  EXPECT_EQ(a.moved_at, b.moved_at);
}

/// A good record is the whole record, of this version.
template <class Decode>
void expect_exact(std::string record, Decode decode) {
  ASSERT_TRUE(decode(as_bytes(record)));
  for (std::size_t size = 0; size < record.size(); ++size)
    EXPECT_FALSE(decode(as_bytes(std::string_view(record).substr(0, size)))) << size;
  EXPECT_FALSE(decode(as_bytes(record + 'x')));
  record[0] = 2;
  EXPECT_FALSE(decode(as_bytes(record)));
}

TEST(NamedQueueRecords, EntryComesBackAsItWasStored) {
  const QueueEntry original = dead_order();
  const auto decoded = decode_queue_entry(as_bytes(encode_queue_entry(original)));
  ASSERT_TRUE(decoded) << decoded.error().detail;
  expect_same_entry(*decoded, original);
  const auto shared =
      decode_shared_queue_entry(as_bytes(encode_shared_queue_entry(original)), original.message);
  ASSERT_TRUE(shared) << shared.error().detail;
  expect_same_entry(*shared, original);
  const QueueEntry plain{.message = original.message, .key = ""};
  const auto again = decode_queue_entry(as_bytes(encode_queue_entry(plain)));
  ASSERT_TRUE(again);
  expect_same_entry(*again, plain);
}

TEST(NamedQueueRecords, ARecordIsTakenWholeOrNotAtAll) {
  const QueueEntry entry = dead_order();
  expect_exact(encode_queue({.definition = shop_orders()}), decode_queue);
  expect_exact(encode_next_queue(7), decode_next_queue);
  expect_exact(encode_queue_entry(entry), decode_queue_entry);
  expect_exact(encode_shared_queue_entry(entry),
               [&](Bytes record) { return decode_shared_queue_entry(record, entry.message); });
  expect_exact(
      encode_delivery_state({.deliveries = 1, .due = at(5), .pause = 10s, .last = Outcome::TimedOut}),
      decode_delivery_state);
  expect_exact(encode_message_id("id", at(5)), decode_message_id);
  expect_exact(encode_claim({.queue = named_queue(1), .seq = Seq{2}, .deliveries = 3}), decode_claim);
}

TEST(NamedQueueRecords, StateIdentifierAndClaimComeBackAsTheyWereStored) {
  const DeliveryState state{
      .deliveries = 3, .due = at(1'700'000'000'000'000), .pause = 2h, .last = Outcome::RetryLater};
  EXPECT_EQ(decode_delivery_state(as_bytes(encode_delivery_state(state))), state);
  EXPECT_EQ(decode_message_id(as_bytes(encode_message_id("order 7", at(9)))),
            (MessageIdRecord{.id = "order 7", .admitted_at = at(9)}));
  const ClaimRecord claim{.queue = QueueId{(1ULL << 63) + 5}, .seq = Seq{70'000}, .deliveries = 2};
  EXPECT_EQ(decode_claim(as_bytes(encode_claim(claim))), claim);
}

TEST(NamedQueueRecords, AQueueComesBackWithEveryOption) {
  QueueDefinition definition = shop_orders();
  for (const auto& [option, value] : {std::pair{"match", "all:kind=order"},
                                      {"order", "key"},
                                      {"lanes", "7"},
                                      {"retry", "1s 2s"},
                                      {"dead_letter", "graveyard"},
                                      {"max_bytes", "1GiB"},
                                      {"overflow", "drop-oldest"},
                                      {"dedup_window", "10m"},
                                      {"rate_out", "100/s"}})
    ASSERT_TRUE(set_option(definition, option, value)) << option;
  for (const auto& [is_paused, is_ending] : {std::pair{false, false}, {true, false}, {false, true}}) {
    const QueueRecord original{.definition = definition, .is_paused = is_paused, .is_ending = is_ending};
    const auto decoded = decode_queue(as_bytes(encode_queue(original)));
    ASSERT_TRUE(decoded) << decoded.error().detail;
    EXPECT_EQ(*decoded, original);
  }
}

TEST(NamedQueueRecords, AStreamComesBackWithItsRetentionAndAQueuesRecordSaysNothingOfThat) {
  QueueDefinition definition = shop_orders();
  EXPECT_EQ(encode_queue({.definition = definition}).find("retention"), std::string::npos);
  definition.kind = QueueDefinition::Kind::Stream;
  definition.retention_count = 1000;
  definition.retention_time.reset();
  const QueueRecord original{.definition = definition};
  const std::string record = encode_queue(original);
  EXPECT_EQ(record.find("max_length"), std::string::npos);
  const auto decoded = decode_queue(as_bytes(record));
  ASSERT_TRUE(decoded) << decoded.error().detail;
  EXPECT_EQ(*decoded, original);
}

/// The first records of this format have it not.
TEST(NamedQueueRecords, AQueueFollowsTheBrokersFlushUnlessItsRecordSaysOtherwise) {
  QueueDefinition definition = shop_orders();
  const std::string before = encode_queue({.definition = definition});
  EXPECT_EQ(before.find("flush"), std::string::npos);
  ASSERT_TRUE(decode_queue(as_bytes(before)));
  EXPECT_EQ(decode_queue(as_bytes(before))->definition.flush, std::nullopt);
  for (const char* flush : {"sync", "interval:250", "memory"}) {
    ASSERT_TRUE(set_option(definition, "flush", flush));
    const auto decoded = decode_queue(as_bytes(encode_queue({.definition = definition})));
    ASSERT_TRUE(decoded) << decoded.error().detail;
    EXPECT_EQ(decoded->definition, definition) << flush;
  }
}

/// A broker that knows fewer options than the one that wrote the record must not guess.
TEST(NamedQueueRecords, AQueueOfWhichNotEverythingIsUnderstoodIsDamage) {
  const std::string record = encode_queue({.definition = shop_orders()});
  for (const auto& [was, is, why] : {std::tuple{"lanes", "lames", "lames"},
                                     {"least-inflight", "least-infinite", "dispatch"},
                                     {"warehouse", "ware/ouse", "name"}}) {
    std::string changed = record;
    const std::size_t place = changed.find(was);
    ASSERT_NE(place, std::string::npos) << was;
    changed.replace(place, std::string_view(was).size(), is);
    const auto decoded = decode_queue(as_bytes(changed));
    ASSERT_FALSE(decoded) << is;
    EXPECT_EQ(decoded.error().code, Errc::Corruption);
    EXPECT_NE(decoded.error().detail.find(why), std::string::npos) << decoded.error().detail;
  }
}

TEST(NamedQueueRecords, TheSizeOfAMessageIsInTheFrontOfItsEntry) {
  constexpr std::size_t kFront = 8;  // fewer bytes than a reader gets
  const QueueEntry dead = dead_order();
  for (const QueueEntry& entry : {dead, QueueEntry{.message = dead.message, .key = ""}}) {
    const std::string whole = encode_queue_entry(entry);
    const std::string shared = encode_shared_queue_entry(entry);
    const std::size_t body = encode_message(*entry.message).size();
    const auto front = [](const std::string& record) { return as_bytes(record).first(kFront); };
    EXPECT_EQ(queue_message_size(front(whole), whole.size(), 0), entry.message->size());
    EXPECT_EQ(queue_message_size(front(shared), shared.size(), body), entry.message->size());
    EXPECT_FALSE(queue_message_size(front(shared), shared.size(), 0)) << "without a message";
    EXPECT_FALSE(queue_message_size(front(shared), shared.size(), 3)) << "with a message that is none";
    EXPECT_FALSE(queue_message_size(front(whole), whole.size(), body)) << "with two messages";
    EXPECT_FALSE(queue_message_size(front(whole).first(5), whole.size(), 0));
    EXPECT_FALSE(queue_message_size({}, 0, 0));
  }
}

TEST(NamedQueueRecords, WhatCannotBeIsDamage) {
  const DeliveryState state{.deliveries = 1, .due = at(5), .pause = 10s, .last = Outcome::TimedOut};
  std::string record = encode_delivery_state(state);
  record.back() = 5;
  EXPECT_FALSE(decode_delivery_state(as_bytes(record))) << "no such outcome";
  record.back() = 0;
  EXPECT_FALSE(decode_delivery_state(as_bytes(record))) << "what is done has no state";
  record =
      encode_delivery_state({.deliveries = 1, .due = at(5), .pause = 24h * 31, .last = Outcome::TimedOut});
  EXPECT_FALSE(decode_delivery_state(as_bytes(record))) << "nobody waits as long";
  EXPECT_FALSE(decode_delivery_state(as_bytes(encode_delivery_state({}))));
  EXPECT_FALSE(decode_message_id(as_bytes(encode_message_id("", at(5)))));
  EXPECT_FALSE(decode_next_queue(as_bytes(encode_next_queue(kNamedQueueBit))));
  constexpr QueueId kQueue = named_queue(1);
  EXPECT_FALSE(decode_claim(as_bytes(encode_claim({.queue = kQueue, .seq = Seq{0}, .deliveries = 1}))));
  EXPECT_FALSE(decode_claim(as_bytes(encode_claim({.queue = kQueue, .seq = Seq{1}, .deliveries = 0}))));
  EXPECT_FALSE(decode_claim(as_bytes(encode_claim({.queue = QueueId{1}, .seq = Seq{1}, .deliveries = 1}))))
      << "a session's";
}

TEST(NamedQueueRecords, AClaimIsNeitherAnEntryNorReleased) {
  const std::string claim = encode_claim({.queue = named_queue(1), .seq = Seq{2}, .deliveries = 3});
  EXPECT_TRUE(is_claim(as_bytes(claim)));
  EXPECT_FALSE(is_released(as_bytes(claim)));
  EXPECT_FALSE(decode_entry(as_bytes(claim)));
  EXPECT_EQ(claim, std::string("\x01\xFE\x80\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x02\0\0\0\x03", 22))
      << "the bytes of version one";
}

}  // namespace
}  // namespace hermod::queue
