#include "queue/queue_changes.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "queue/queue_id.h"
#include "queue/records.h"

namespace hermod::queue {
namespace {

using store::Op;
using store::Table;

constexpr QueueId kOrders = named_queue(5);
const std::string kOrdersKey("\x80\0\0\0\0\0\0\x05", 8);

std::vector<Op> changes_in(const store::WriteBatch& batch) {
  std::vector<Op> ops;
  store::OpReader reader = batch.ops();
  while (const auto op = reader.next()) ops.push_back(*op);
  EXPECT_TRUE(reader.ok());
  return ops;
}

QueueEntry plain_entry() {
  Message::Fields fields;
  fields.topic = "orders/7";
  fields.payload = as_bytes("two pieces");
  return {.message = Message::create(fields), .key = "customer 7"};
}

TEST(QueueIds, ANamedQueueHasTheBitThatNoSessionHas) {
  EXPECT_TRUE(is_named(kOrders));
  EXPECT_TRUE(is_named(stream_of(kOrders)));
  EXPECT_EQ(number_of(kOrders), 5U);
  EXPECT_FALSE(is_named(QueueId{kNamedQueueBit - 1}));
}

TEST(QueueChanges, AQueueIsRecordedUnderItsIdAndGoesWithItsStream) {
  QueueRecord record;
  record.definition.name = "orders";
  record.definition.bind = {"shop/#"};
  store::WriteBatch batch;
  record_queue(batch, kOrders, record);
  record_next_queue(batch, 6);
  erase_queue(batch, kOrders);
  const auto ops = changes_in(batch);
  ASSERT_EQ(ops.size(), 4U);
  EXPECT_EQ(ops[0].table, Table::Queues);
  EXPECT_EQ(as_text(ops[0].key), kOrdersKey);
  EXPECT_EQ(decode_queue(ops[0].value), record);
  EXPECT_EQ(ops[1].table, Table::Meta);
  EXPECT_EQ(as_text(ops[1].key), kNextQueueKey);
  EXPECT_EQ(decode_next_queue(ops[1].value), 6U);
  EXPECT_EQ(ops[2].kind, Op::Kind::Erase);
  EXPECT_EQ(as_text(ops[2].key), kOrdersKey);
  EXPECT_EQ(ops[3].kind, Op::Kind::EraseStream);
  EXPECT_EQ(ops[3].stream, stream_of(kOrders));
}

TEST(QueueChanges, AnEntryGoesWithItsState) {
  const DeliveryState state{.deliveries = 2, .last = Outcome::Rejected};
  store::WriteBatch batch;
  record_delivery_state(batch, kOrders, Seq{9}, state);
  erase_queue_entry(batch, kOrders, Seq{8}, /*has_state=*/false);
  erase_queue_entry(batch, kOrders, Seq{9}, /*has_state=*/true);
  const auto ops = changes_in(batch);
  ASSERT_EQ(ops.size(), 4U);
  EXPECT_EQ(ops[0].table, Table::Deliveries);
  EXPECT_EQ(as_text(ops[0].key), kOrdersKey + std::string("\0\0\0\0\0\0\0\x09", 8));
  EXPECT_EQ(decode_delivery_state(ops[0].value), state);
  EXPECT_EQ(ops[1].seq, Seq{8});
  EXPECT_EQ(ops[2].seq, Seq{9});
  EXPECT_EQ(ops[3].kind, Op::Kind::Erase);
  EXPECT_EQ(as_text(ops[3].key), as_text(ops[0].key));
}

TEST(QueueChanges, EntriesComeBackWithTheirMessagesInsideOrShared) {
  const QueueEntry entry = plain_entry();
  store::WriteBatch batch;
  append_queue_entry(batch, kOrders, entry);
  put_message(batch, MessageId{3}, *entry.message);
  append_queue_entry(batch, kOrders, entry, MessageId{3});
  const auto ops = changes_in(batch);
  ASSERT_EQ(ops.size(), 3U);
  EXPECT_EQ(ops[0].stream, stream_of(kOrders));
  EXPECT_EQ(ops[2].message, MessageId{3});
  const store::StoredEntry inside{Seq{1}, std::string(as_text(ops[0].value)), {}, false, {}};
  const store::StoredEntry shared{Seq{2}, std::string(as_text(ops[2].value)),
                                  std::string(as_text(ops[1].value)), true, MessageId{3}};
  for (const store::StoredEntry& stored : {inside, shared}) {
    const auto read = queue_entry_from(stored);
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_EQ(read->key, entry.key);
    EXPECT_EQ(as_text(read->message->payload()), "two pieces");
  }
  store::StoredEntry damaged = shared;
  damaged.body.pop_back();
  EXPECT_FALSE(queue_entry_from(damaged));
}

TEST(QueueChanges, IdentifiersAreUnderQueueAndNumber) {
  store::WriteBatch batch;
  record_message_id(batch, kOrders, 258, "order 7", WallTime{});
  erase_message_id(batch, kOrders, 258);
  const auto ops = changes_in(batch);
  ASSERT_EQ(ops.size(), 2U);
  EXPECT_EQ(ops[0].table, Table::MessageIds);
  EXPECT_EQ(decode_message_id(ops[0].value)->id, "order 7");
  EXPECT_EQ(ops[1].kind, Op::Kind::Erase);
  EXPECT_EQ(as_text(ops[1].key), as_text(ops[0].key));
  const auto key = decode_queue_key(Table::MessageIds, ops[0].key);
  ASSERT_TRUE(key) << key.error().detail;
  EXPECT_EQ(key->queue, kOrders);
  EXPECT_EQ(key->number, 258U);
}

TEST(QueueChanges, AClaimIsReleasedOrErasedWhereItIs) {
  const StreamId session{77};
  const ClaimRecord claim{.queue = kOrders, .seq = Seq{9}, .deliveries = 1};
  store::WriteBatch batch;
  append_claim(batch, session, claim);
  end_claim(batch, session, Seq{4}, /*is_released=*/true);
  end_claim(batch, session, Seq{5}, /*is_released=*/false);
  const auto ops = changes_in(batch);
  ASSERT_EQ(ops.size(), 3U);
  EXPECT_EQ(ops[0].kind, Op::Kind::Append);
  EXPECT_EQ(ops[0].stream, session);
  EXPECT_EQ(decode_claim(ops[0].value), claim);
  EXPECT_EQ(ops[1].kind, Op::Kind::PutEntry);
  EXPECT_EQ(ops[1].seq, Seq{4});
  EXPECT_TRUE(is_released(ops[1].value));
  EXPECT_EQ(ops[2].kind, Op::Kind::EraseEntry);
  EXPECT_EQ(ops[2].seq, Seq{5});
}

TEST(QueueChanges, AnUnansweredClaimHasItsMessageInside) {
  const ClaimRecord claim{.queue = kOrders, .seq = Seq{9}, .deliveries = 2};
  store::WriteBatch batch;
  leave_claim_unanswered(batch, StreamId{77}, Seq{4}, {claim, plain_entry().message});
  const auto ops = changes_in(batch);
  ASSERT_EQ(ops.size(), 1U);
  EXPECT_EQ(ops[0].kind, Op::Kind::PutEntry);
  EXPECT_EQ(ops[0].seq, Seq{4});
  EXPECT_TRUE(is_unanswered_claim(ops[0].value));
  EXPECT_FALSE(is_claim(ops[0].value));
  EXPECT_FALSE(is_released(ops[0].value));
  const auto read = decode_unanswered_claim(ops[0].value);
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(read->claim, claim);
  EXPECT_EQ(as_text(read->message->payload()), "two pieces");
  EXPECT_FALSE(decode_entry(ops[0].value)) << "it is not one of the messages that wait";
  EXPECT_FALSE(decode_unanswered_claim(ops[0].value.first(ops[0].value.size() - 1)));
  EXPECT_FALSE(decode_unanswered_claim(ops[0].value.first(10)));
}

TEST(QueueChanges, KeysOfAnotherLengthOrOfSessionsAreDamage) {
  const std::string long_key = kOrdersKey + std::string(8, '\1');
  EXPECT_TRUE(decode_queue_key(Table::Queues, as_bytes(kOrdersKey)));
  EXPECT_TRUE(decode_queue_key(Table::Deliveries, as_bytes(long_key)));
  EXPECT_FALSE(decode_queue_key(Table::Queues, as_bytes(long_key)));
  EXPECT_FALSE(decode_queue_key(Table::Deliveries, as_bytes(kOrdersKey)));
  EXPECT_FALSE(decode_queue_key(Table::Queues, as_bytes(std::string(8, '\1'))));
}

}  // namespace
}  // namespace hermod::queue
