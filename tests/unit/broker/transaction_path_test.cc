// PUBLISH to $tx/... or with the user property txn: what is answered and stored, and what becomes visible.

#include "queue/delayed_records.h"
#include "tests/unit/broker/transaction_fixture.h"

namespace hermod::broker::testing {
namespace {

using ::testing::HasSubstr;

class TransactionPath : public TransactionTest {};

TEST_F(TransactionPath, NothingIsSeenBeforeTheCommitAndThenAllInOrder) {
  FakeClient reader = login("reader");
  subscribe(reader, "shop/#", kQoS1);
  FakeClient sender = login("sender");
  prepare(sender, "1", "a", "shop/a");
  prepare(sender, "1", "b", "shop/b", kQoS2);
  prepare(sender, "1", "c", "shop/a");
  EXPECT_EQ(open(), 1U);
  EXPECT_THAT(heard(reader), IsEmpty());
  EXPECT_EQ(end(sender, "1"), "");
  EXPECT_EQ(payloads(reader), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(open(), 0U);
  EXPECT_EQ(counted(Counter::TransactionsPrepared), 3U);
  EXPECT_EQ(counted(Counter::TransactionsCommitted), 1U);
}

TEST_F(TransactionPath, AMessageIsInTheBatchOfItsExchange) {
  FakeClient sender = login({.client_id = "sender", .durable = true});
  written();
  publish(sender, {"$tx/1/prepare/shop/a", "1", kQoS2, 7});
  settle_without_commit();
  EXPECT_THAT(heard(sender), IsEmpty()) << "it is not on disk";
  settle();
  EXPECT_THAT(heard(sender), ElementsAre("PUBREC #7"));
  EXPECT_THAT(written(), ElementsAre("append, put InboundIds"));
  publish(sender, {"$tx/1/prepare/shop/a", "1", kQoS2, 7, /*retain=*/false, /*dup=*/true});
  settle();
  EXPECT_THAT(written(), IsEmpty()) << "it is known";
}

TEST_F(TransactionPath, ACommitIsOneBatch) {
  configure("orders", "shop/#");
  FakeClient away = login({.client_id = "away", .durable = true});
  subscribe(away, "shop/#", kQoS1);
  away.peer().drop(0);
  settle();
  FakeClient sender = login("sender");
  prepare(sender, "1", "a");
  prepare(sender, "1", "b");
  written();
  EXPECT_EQ(end(sender, "1"), "");
  EXPECT_THAT(written(), ElementsAre("append, append, append, append, erase Entries, erase Entries, append"));
  EXPECT_EQ(queued("away"), 2U);
  EXPECT_EQ(broker().queues().find("orders")->room->held().messages, 2U);
}

TEST_F(TransactionPath, ACommitIsAnsweredBehindItsBatch) {
  FakeClient reader = login("reader");
  subscribe(reader, "shop/#", kQoS0);
  FakeClient sender = login("sender");
  prepare(sender, "1", "a");
  publish(sender, {"$tx/1/commit", "", kQoS1, 99});
  for (int i = 0; i < 3; ++i) {
    settle_without_commit();
    broker().pages().answer();
  }
  EXPECT_THAT(heard(sender), IsEmpty());
  EXPECT_THAT(heard(reader), IsEmpty()) << "also at QoS 0";
  settle();
  EXPECT_THAT(heard(sender), ElementsAre("PUBACK #99"));
  EXPECT_EQ(payloads(reader), std::vector<std::string>{"a"});
}

TEST_F(TransactionPath, ARollbackLeavesNothing) {
  FakeClient reader = login("reader");
  subscribe(reader, "shop/#", kQoS1);
  FakeClient sender = login("sender");
  prepare(sender, "1", "a");
  prepare(sender, "1", "b");
  written();
  EXPECT_EQ(end(sender, "1", "rollback"), "");
  EXPECT_THAT(written(), ElementsAre("erase Entries, erase Entries, append"));
  EXPECT_THAT(heard(reader), IsEmpty());
  EXPECT_EQ(open(), 0U);
}

TEST_F(TransactionPath, SaidAgainItIsAnsweredAsTheFirstTime) {
  FakeClient sender = login("sender");
  prepare(sender, "1", "a");
  EXPECT_EQ(end(sender, "1"), "");
  EXPECT_EQ(end(sender, "1"), "");
  EXPECT_EQ(end(sender, "1", "rollback"), "0x83") << "it was committed";
  prepare(sender, "2", "a");
  EXPECT_EQ(end(sender, "2", "rollback"), "");
  EXPECT_EQ(end(sender, "2", "rollback"), "");
  EXPECT_EQ(end(sender, "2"), "0x83") << "it was rolled back";
  EXPECT_EQ(end(sender, "3"), "0x83") << "nobody knows it";
  EXPECT_EQ(end(sender, "3", "rollback"), "0x83");
  pass(1h);
  EXPECT_EQ(end(sender, "1"), "0x83") << "it is forgotten";
}

TEST_F(TransactionPath, ForgottenEndsLeaveTheStore) {
  FakeClient sender = login("sender");
  prepare(sender, "1", "a");
  EXPECT_EQ(end(sender, "1"), "");
  written();
  pass(1h + 1s);
  EXPECT_THAT(written(), ElementsAre("erase Entries"));
}

TEST_F(TransactionPath, AFullSessionRefusesItAndNothingOfItIsSeen) {
  options_.session.queue.max_messages = 1;
  FakeClient reader = login("reader");
  subscribe(reader, "shop/a", kQoS1);
  FakeClient away = login({.client_id = "away", .durable = true});
  subscribe(away, "shop/b", kQoS1);
  away.peer().drop(0);
  settle();
  FakeClient sender = login("sender");
  prepare(sender, "1", "a", "shop/a");
  prepare(sender, "1", "b", "shop/b");
  prepare(sender, "1", "c", "shop/b");
  EXPECT_EQ(end(sender, "1"), "0x97");
  EXPECT_THAT(heard(reader), IsEmpty());
  EXPECT_EQ(queued("away"), 0U) << "its room is free again";
  EXPECT_EQ(queued("reader"), 0U);
  EXPECT_EQ(open(), 1U);
  EXPECT_EQ(end(sender, "1", "rollback"), "");
}

TEST_F(TransactionPath, AFullQueueRefusesItUntilThereIsRoom) {
  configure("orders", "shop/#").max_length = 2;
  FakeClient sender = login("sender");
  publish(sender, {"shop/a", "0", kQoS1, ++packet_id_});
  settle();
  heard(sender);
  prepare(sender, "1", "a");
  prepare(sender, "1", "b");
  EXPECT_EQ(end(sender, "1"), "0x97");
  EXPECT_EQ(broker().queues().find("orders")->room->held().messages, 1U);
  FakeClient taker = worker();
  const auto first = messages(taker);
  ASSERT_EQ(first.size(), 1U);
  taker.ack(PacketType::Puback, first[0].id);
  settle();
  EXPECT_EQ(end(sender, "1"), "");
  EXPECT_EQ(take_all(taker), (std::vector<std::string>{"a", "b"}));
}

TEST_F(TransactionPath, AQueueThatHasToBeAskedTakesAllOrNothing) {
  queue::QueueDefinition& definition = configure("orders", "shop/#");
  definition.max_length = 2;
  definition.dedup_window = 1h;
  FakeClient sender = login("sender");
  for (const char* payload : {"a", "b", "c"}) prepare(sender, "1", payload);
  EXPECT_EQ(end(sender, "1"), "0x97");
  EXPECT_EQ(broker().queues().find("orders")->room->held().messages, 0U);
  for (const char* payload : {"d", "e"}) prepare(sender, "2", payload);
  EXPECT_EQ(end(sender, "2"), "");
  FakeClient taker = worker();
  EXPECT_EQ(take_all(taker), (std::vector<std::string>{"d", "e"}));
}

TEST_F(TransactionPath, AQueueThatWasNotAskedYetIsGivenBackNothing) {
  options_.session.queue.max_messages = 1;
  configure("orders", "shop/a").dedup_window = 1h;
  FakeClient away = login({.client_id = "away", .durable = true});
  subscribe(away, "shop/b", kQoS1);
  away.peer().drop(0);
  settle();
  FakeClient sender = login("sender");
  prepare(sender, "1", "a", "shop/a");
  prepare(sender, "1", "b", "shop/b");
  prepare(sender, "1", "c", "shop/b");
  EXPECT_EQ(end(sender, "1"), "0x97");
  EXPECT_EQ(broker().queues().find("orders")->room->held().messages, 0U);
  prepare(sender, "2", "d", "shop/a");
  EXPECT_EQ(end(sender, "2"), "");
  EXPECT_EQ(broker().queues().find("orders")->room->held().messages, 1U);
}

TEST_F(TransactionPath, AQueueThatDropsItsOldestTakesAsMuchAsItHolds) {
  queue::QueueDefinition& definition = configure("orders", "shop/#");
  definition.max_length = 2;
  definition.overflow = queue::QueueDefinition::Overflow::DropOldest;
  FakeClient sender = login("sender");
  for (const char* payload : {"x", "y"}) publish(sender, {"shop/a", payload, kQoS1, ++packet_id_});
  settle();
  heard(sender);
  for (const char* payload : {"a", "b"}) prepare(sender, "1", payload);
  EXPECT_EQ(end(sender, "1"), "");
  for (const char* payload : {"c", "d", "e"}) prepare(sender, "2", payload);
  EXPECT_EQ(end(sender, "2"), "0x97") << "never so many at once";
  FakeClient taker = worker();
  EXPECT_EQ(take_all(taker), (std::vector<std::string>{"a", "b"}));
}

TEST_F(TransactionPath, IdentifiersCountWithinATransactionToo) {
  configure("orders", "shop/#").dedup_window = 1h;
  FakeClient sender = login("sender");
  for (const char* payload : {"a", "b"}) {
    wire::PropertyWriter properties;
    properties.add_user("msg-id", "same");
    wire::Publish packet;
    packet.topic = "$tx/1/prepare/shop/a";
    packet.payload = as_bytes(payload);
    packet.qos = kQoS1;
    packet.id = wire::PacketId{++packet_id_};
    packet.properties = properties.properties();
    sender.publish(packet);
    settle();
  }
  heard(sender);
  EXPECT_EQ(end(sender, "1"), "");
  FakeClient taker = worker();
  EXPECT_EQ(take_all(taker), std::vector<std::string>{"a"});
  EXPECT_EQ(counted(Counter::QueueDuplicates), 1U);
}

TEST_F(TransactionPath, ALastValueQueueKeepsTheNewest) {
  configure("orders", "shop/#").last_value = true;
  FakeClient sender = login("sender");
  for (const char* payload : {"a", "b"}) prepare(sender, "1", payload);
  EXPECT_EQ(end(sender, "1"), "");
  FakeClient taker = worker();
  EXPECT_EQ(take_all(taker), std::vector<std::string>{"b"});
}

TEST_F(TransactionPath, WhatIsRetainedIsSetByTheCommit) {
  FakeClient sender = login("sender");
  publish(sender, {"$tx/1/prepare/shop/a", "1", kQoS1, ++packet_id_, /*retain=*/true});
  publish(sender, {"$tx/1/prepare/shop/a", "2", kQoS1, ++packet_id_, /*retain=*/true});
  settle();
  heard(sender);
  FakeClient early = login("early");
  subscribe(early, "shop/a", kQoS1);
  EXPECT_THAT(heard(early), IsEmpty());
  EXPECT_EQ(end(sender, "1"), "");
  FakeClient late = login("late");
  late.subscribe({1}, {{"shop/a", kQoS1}});
  settle();
  EXPECT_EQ(payloads(late), std::vector<std::string>{"2"});
  EXPECT_EQ(broker().retained().count(), 1U);
}

TEST_F(TransactionPath, ALimitOnRetainedMessagesCountsAllOfThem) {
  options_.retain.max_messages = 1;
  FakeClient sender = login("sender");
  publish(sender, {"$tx/1/prepare/shop/a", "1", kQoS1, ++packet_id_, /*retain=*/true});
  publish(sender, {"$tx/1/prepare/shop/b", "2", kQoS1, ++packet_id_, /*retain=*/true});
  settle();
  heard(sender);
  EXPECT_EQ(end(sender, "1"), "0x97");
  EXPECT_EQ(broker().retained().count(), 0U);
  publish(sender, {"shop/c", "3", kQoS1, ++packet_id_, /*retain=*/true});
  settle();
  EXPECT_THAT(heard(sender), ElementsAre("PUBACK #" + number() + " 0x10")) << "the place is free again";
}

TEST_F(TransactionPath, ADelayBeginsWithTheCommit) {
  FakeClient reader = login("reader");
  subscribe(reader, "shop/#", kQoS1);
  FakeClient sender = login("sender");
  prepare(sender, "1", "later", "$delayed/10/shop/a");
  prepare(sender, "1", "now");
  pass(3s);
  EXPECT_EQ(broker().delayed().taken(), 0U);
  EXPECT_EQ(end(sender, "1"), "");
  EXPECT_EQ(payloads(reader), std::vector<std::string>{"now"});
  EXPECT_EQ(broker().delayed().taken(), 1U);
  pass(9900ms);
  EXPECT_THAT(heard(reader), IsEmpty());
  pass(100ms);
  EXPECT_EQ(payloads(reader), std::vector<std::string>{"later"});
}

TEST_F(TransactionPath, WhatHasExpiredIsGoneAndCounted) {
  FakeClient reader = login("reader");
  subscribe(reader, "shop/#", kQoS1);
  FakeClient sender = login("sender");
  Words words{"$tx/1/prepare/shop/a", "a", kQoS1, ++packet_id_};
  words.expiry = 1;
  publish(sender, words);
  settle();
  heard(sender);
  prepare(sender, "1", "b");
  pass(2s);
  EXPECT_EQ(end(sender, "1"), "");
  EXPECT_EQ(payloads(reader), std::vector<std::string>{"b"});
  EXPECT_EQ(counted(Counter::DroppedExpired), 1U);
}

TEST_F(TransactionPath, AFullStoreRefusesMessagesAndCommitsButNoRollback) {
  FakeClient away = login({.client_id = "away", .durable = true});
  subscribe(away, "shop/#", kQoS1);
  away.peer().drop(0);
  settle();
  FakeClient sender = login("sender");
  prepare(sender, "1", "a");
  prepare(sender, "2", "a");
  broker().set_full(true);
  publish(sender, {"$tx/1/prepare/shop/a", "b", kQoS1, ++packet_id_});
  settle();
  EXPECT_THAT(heard(sender), ElementsAre("PUBACK #" + number() + " 0x97"));
  EXPECT_EQ(end(sender, "1"), "0x83") << "it may have been sent before that was heard";
  EXPECT_EQ(end(sender, "1"), "0x97");
  EXPECT_EQ(queued("away"), 0U);
  EXPECT_EQ(end(sender, "2", "rollback"), "");
  broker().set_full(false);
  EXPECT_EQ(end(sender, "1"), "");
  EXPECT_EQ(queued("away"), 1U);
}

TEST_F(TransactionPath, WhoseCommitFailsIsNotToldAndFindsItOpen) {
  FakeClient reader = login("reader");
  subscribe(reader, "shop/#", kQoS1);
  FakeClient sender = login("sender");
  prepare(sender, "1", "a");
  fail_next_commit();
  EXPECT_EQ(end(sender, "1"), "end") << "it may be on the disk";
  EXPECT_THAT(heard(reader), IsEmpty());
  EXPECT_EQ(open(), 1U);
  repair_store();
  FakeClient back = login("sender");
  EXPECT_EQ(end(back, "1"), "");
  EXPECT_EQ(payloads(reader), std::vector<std::string>{"a"});
}

TEST_F(TransactionPath, ACommitSentBehindItsMessagesWaitsForThem) {
  FakeClient reader = login("reader");
  subscribe(reader, "shop/#", kQoS1);
  FakeClient sender = login("sender");
  publish(sender, {"$tx/1/prepare/shop/a", "a", kQoS1, 1});
  publish(sender, {"$tx/1/prepare/shop/a", "b", kQoS0});
  publish(sender, {"$tx/1/commit", "", kQoS1, 2});
  publish(sender, {"shop/a", "c", kQoS1, 3});
  settle();
  EXPECT_THAT(heard(sender), ElementsAre("PUBACK #1", "PUBACK #2", "PUBACK #3"));
  EXPECT_EQ(payloads(reader), (std::vector<std::string>{"a", "b", "c"}));
}

TEST_F(TransactionPath, WhoWaitsInLineForItsCommitIsNotOvertaken) {
  options_.transactions.max_bytes = 16 << 20;
  FakeClient reader = login("reader");
  subscribe(reader, "shop/#", kQoS0);
  const std::string large(60'000, 'x');
  FakeClient senders[] = {login("a"), login("b"), login("c")};
  for (const std::size_t i : {0, 1}) {
    const std::string id = std::to_string(i);
    for (int n = 0; n < 160; ++n) publish(senders[i], {prepare_topic(id, "other"), large, kQoS0});
    prepare(senders[i], id, id);
  }
  prepare(senders[2], "2", "2");
  for (const std::size_t i : {0, 1, 2}) {
    publish(senders[i], {"$tx/" + std::to_string(i) + "/commit", "", kQoS1, 99});
    settle_without_commit();
  }
  settle();
  const std::vector<std::string> seen = payloads(reader);
  ASSERT_EQ(seen.size(), 3U);
  EXPECT_EQ(seen[0], "0") << "the small one waits behind the second";
}

TEST_F(TransactionPath, UserPropertiesSayTheSame) {
  FakeClient reader = login("reader");
  subscribe(reader, "shop/#", kQoS1);
  FakeClient sender = login("sender");
  publish_with(sender, 1, "a", {{"txn", "prepare"}, {"txn-id", "1"}, {"producer-group", "till"}});
  settle();
  EXPECT_THAT(heard(reader), IsEmpty());
  publish_with(sender, 2, "not published", {{"txn", "commit"}, {"txn-id", "1"}, {"producer-group", "bank"}});
  settle();
  EXPECT_THAT(heard(sender), ElementsAre("PUBACK #1", "PUBACK #2 0x87"));
  publish_with(sender, 3, "not published", {{"txn", "commit"}, {"txn-id", "1"}, {"producer-group", "till"}});
  settle();
  EXPECT_THAT(heard(sender), ElementsAre("PUBACK #3"));
  EXPECT_EQ(payloads(reader), std::vector<std::string>{"a"});
  publish_with(sender, 4, "a", {{"txn", "begin"}, {"txn-id", "1"}});
  publish_with(sender, 5, "a", {{"txn", "commit"}});
  publish_with(sender, 6, "a", {{"txn", "prepare"}, {"txn-id", "2"}, {"producer-group", "a/#"}});
  settle();
  EXPECT_THAT(heard(sender), ElementsAre("PUBACK #4 0x83", "PUBACK #5 0x83", "PUBACK #6 0x83"));
}

TEST_F(TransactionPath, ItIsOfOneGroupWhichIsTheClientUnlessItSaysSo) {
  FakeClient sender = login("sender");
  prepare(sender, "1", "a");
  FakeClient other = login("other");
  publish(other, {"$tx/1/prepare/shop/a", "b", kQoS1, 1});
  settle();
  EXPECT_THAT(heard(other), ElementsAre("PUBACK #1 0x87"));
  EXPECT_EQ(end(other, "1"), "0x83") << "without the message that was refused";
  EXPECT_EQ(end(other, "1"), "") << "who names no group may end it";
}

TEST_F(TransactionPath, AClientThatCannotBeAGroupIsToldSo) {
  FakeClient sender = login("a#b");
  publish(sender, {"$tx/1/prepare/shop/a", "a", kQoS1, 1});
  settle();
  const auto acks = sender.receive();
  ASSERT_EQ(acks.size(), 1U);
  EXPECT_EQ(acks[0].reason, ReasonCode::ImplementationSpecificError);
  EXPECT_THAT(acks[0].reason_string, HasSubstr("producer-group"));
}

TEST_F(TransactionPath, T50_WhatIsMeantForTheBrokerCannotBePrepared) {
  FakeClient sender = login("sender");
  for (const char* topic :
       {"$tx/", "$tx//commit", "$tx/1", "$tx/1/prepare", "$tx/1/prepare/", "$tx/1/prepare/$SYS/a",
        "$tx/1/prepare/$queue/orders/$nack", "$tx/1/prepare/$tx/2/commit", "$tx/1/prepare/$CONTROL/queue/v1",
        "$tx/1/prepare/$delayed/-1/a", "$tx/1/prepare/$delayed/1/$SYS/a", "$tx/1/prepare/$share/g/a",
        "$tx/1/prepare/$stream/orders", "$tx/check/sender", "$tx/1/check", "$tx/-1/commit"}) {
    publish(sender, {topic, "1", kQoS1, ++packet_id_});
    settle();
    const auto packets = sender.receive();
    ASSERT_EQ(packets.size(), 1U) << topic;
    EXPECT_EQ(packets[0].reason, ReasonCode::TopicNameInvalid) << topic;
  }
  EXPECT_EQ(open(), 0U);
}

TEST_F(TransactionPath, AClientOf311IsClosedWhenItIsRefused) {
  FakeClient sender = login({.client_id = "sender", .version = kV311});
  prepare(sender, "1", "a");
  EXPECT_EQ(end(sender, "2"), "end");
  FakeClient back = login({.client_id = "sender", .version = kV311});
  EXPECT_EQ(end(back, "1"), "");
}

TEST_F(TransactionPath, NoMoreThanMayIsPrepared) {
  options_.transactions.max_messages = 2;
  options_.transactions.max_open_per_client = 1;
  FakeClient sender = login("sender");
  prepare(sender, "1", "a");
  prepare(sender, "1", "b");
  publish(sender, {"$tx/1/prepare/shop/a", "c", kQoS1, 98});
  publish(sender, {"$tx/2/prepare/shop/a", "c", kQoS1, 99});
  settle();
  EXPECT_THAT(heard(sender), ElementsAre("PUBACK #98 0x97", "PUBACK #99 0x97"));
  EXPECT_EQ(end(sender, "1"), "0x83");
  EXPECT_EQ(end(sender, "1"), "");
}

TEST_F(TransactionPath, WhatIsNotStoredIsRefusedAndNoPartOfIt) {
  FakeClient sender = login("sender");
  fail_next_commit(Errc::NoSpace);
  publish(sender, {"$tx/1/prepare/shop/a", "a", kQoS1, 1});
  settle();
  EXPECT_THAT(heard(sender), ElementsAre("PUBACK #1 0x97"));
  EXPECT_EQ(open(), 0U);
}

TEST_F(TransactionPath, ASharedGroupAndAStreamGetTheirs) {
  FakeClient maker = login("maker");
  publish(maker,
          {"$CONTROL/queue/v1",
           R"({"commands":[{"command":"create","queue":"log","options":{"bind":"shop/#","kind":"stream"}}]})",
           kQoS1, 1});
  settle();
  FakeClient one = login("one");
  subscribe(one, "$share/g/shop/#", kQoS1);
  FakeClient two = login("two");
  subscribe(two, "$share/g/shop/#", kQoS1);
  FakeClient sender = login("sender");
  prepare(sender, "1", "a");
  prepare(sender, "1", "b");
  EXPECT_EQ(end(sender, "1"), "");
  EXPECT_EQ(payloads(one).size() + payloads(two).size(), 2U);
  EXPECT_EQ(broker().queues().find("log")->stream->held().messages, 2U);
}

TEST_F(TransactionPath, AnotherShardHasThem) {
  options_.threads = 2;
  configure("orders", "shop/#").dedup_window = 1h;
  configure("copies", "shop/#").dedup_window = 1h;
  FakeClient reader = login({.client_id = "reader", .shard = 1});
  subscribe(reader, "shop/#", kQoS2);
  FakeClient sender = login({.client_id = "sender", .shard = 1});
  prepare(sender, "1", "a", "shop/a", kQoS2);
  prepare(sender, "1", "b", "shop/a", kQoS1);
  EXPECT_EQ(end(sender, "1"), "");
  EXPECT_EQ(payloads(reader), (std::vector<std::string>{"a", "b"}));
  for (const char* queue : {"orders", "copies"})
    EXPECT_EQ(broker().queues().find(queue)->room->held().messages, 2U) << queue;
}

TEST_F(TransactionPath, WhoLeavesBeforeTheAnswerFindsItsCommitDone) {
  options_.threads = 2;
  FakeClient reader = login("reader");
  subscribe(reader, "shop/#", kQoS1);
  FakeClient sender = login({.client_id = "sender", .durable = true, .shard = 1});
  prepare(sender, "1", "a");
  publish(sender, {"$tx/1/commit", "", kQoS2, 9});
  settle_without_commit();
  sender.peer().drop(0);
  settle();
  EXPECT_EQ(payloads(reader), std::vector<std::string>{"a"});
  FakeClient back = login({.client_id = "sender", .durable = true});
  publish(back, {"$tx/1/commit", "", kQoS2, 9, /*retain=*/false, /*dup=*/true});
  settle();
  EXPECT_THAT(heard(back), ElementsAre("PUBREC #9"));
}

TEST_F(TransactionPath, WhatCannotBeReadIsNotCommitted) {
  FakeClient reader = login("reader");
  subscribe(reader, "shop/#", kQoS1);
  FakeClient sender = login("sender");
  prepare(sender, "1", "a");
  prepare(sender, "1", "b");
  broker().pages().break_all();
  EXPECT_EQ(end(sender, "1"), "0x83");
  broker().pages().mend();
  broker().pages().damage_entry(queue::kTransactionStream, Seq{2});
  EXPECT_EQ(end(sender, "1"), "0x83");
  EXPECT_THAT(heard(reader), IsEmpty()) << "no part of it";
  EXPECT_EQ(end(sender, "1", "rollback"), "");
}

TEST_F(TransactionPath, ManyOfManyAtOnceKeepTheirOrder) {
  FakeClient reader = login("reader");
  subscribe(reader, "shop/#", kQoS0);
  FakeClient one = login("one");
  FakeClient two = login("two");
  std::vector<std::string> wanted;
  for (int i = 0; i < 600; ++i) {
    publish(i % 3 == 0 ? one : two,
            {i % 3 == 0 ? "$tx/1/prepare/shop/a" : "$tx/2/prepare/shop/a", std::to_string(i), kQoS0});
    if (i % 3 != 0) wanted.push_back(std::to_string(i));
    if (i % 50 == 0) settle();
  }
  settle();
  EXPECT_EQ(end(two, "2"), "");
  EXPECT_EQ(payloads(reader), wanted);
}

}  // namespace
}  // namespace hermod::broker::testing
