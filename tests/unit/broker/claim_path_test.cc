// Deliveries of named queues at QoS 2.

#include "tests/unit/broker/queue_fixture.h"

namespace hermod::broker::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

class ClaimPath : public QueuePathTest {
 protected:
  queue::QueueDefinition& orders() {
    queue::QueueDefinition& definition = configure("orders", "shop/#");
    definition.retry = *queue::RetryPolicy::parse("10s");
    definition.order = queue::QueueDefinition::Order::None;
    return definition;
  }
  FakeClient durable_consumer(const std::string& client_id = "c") {
    FakeClient client = login({.client_id = client_id, .durable = true});
    client.subscribe({1}, {{"$queue/orders", kQoS2}});
    settle();
    EXPECT_THAT(heard(client), ElementsAre("SUBACK #1 0x02"));
    return client;
  }
  /// What a new consumer gets.
  std::vector<std::string> taken_by_another() {
    FakeClient client = login({.client_id = "another", .durable = true});
    client.subscribe({1}, {{"$queue/orders", kQoS2}});
    settle();
    return payloads(client);
  }
  /// Its next message, which it does not answer.
  test::Arrived one_message(FakeClient& client) {
    const auto came = messages(client);
    EXPECT_THAT(came, SizeIs(1));
    return came.empty() ? test::Arrived{} : came.front();
  }
  /// The consumer comes back, gets the message once more and takes it, and PUBREL follows.
  FakeClient asked_again_for(const test::Arrived& message) {
    FakeClient back = call({.client_id = "c", .durable = true});
    settle();
    const test::Arrived again = one_message(back);
    EXPECT_TRUE(again.dup);
    EXPECT_EQ(again.id, message.id);
    back.ack(PacketType::Pubrec, again.id);
    settle();
    EXPECT_THAT(heard(back), ElementsAre(StartsWith("PUBREL #")));
    return back;
  }
};

TEST_F(ClaimPath, TheClaimIsDurableBeforeTheMessageIsSent) {
  orders();
  FakeClient taker = durable_consumer();
  FakeClient publisher = login("pub");
  publish(publisher, {"shop/a", "1", kQoS1, 1});
  settle_without_commit();
  broker().commit();
  settle_without_commit();
  EXPECT_THAT(heard(taker), IsEmpty());
  written();
  settle();
  EXPECT_THAT(written(), ElementsAre("append"));
  const test::Arrived message = one_message(taker);
  EXPECT_EQ(message.qos, kQoS2);
  EXPECT_EQ(message.said.at("queue"), "orders");
}

TEST_F(ClaimPath, PubrelFollowsWhenTheEntryIsGoneAndTheClaimIsReleased) {
  orders();
  FakeClient taker = durable_consumer();
  send("shop/a", 1);
  const test::Arrived message = one_message(taker);
  written();
  taker.ack(PacketType::Pubrec, message.id);
  settle_without_commit();
  EXPECT_THAT(heard(taker), IsEmpty());
  settle();
  EXPECT_THAT(written(), ElementsAre("erase Entries, put Entries"));
  EXPECT_THAT(heard(taker), ElementsAre(StartsWith("PUBREL #")));
  taker.ack(PacketType::Pubcomp, message.id);
  settle();
  EXPECT_THAT(written(), ElementsAre("erase Entries"));
  EXPECT_EQ(counted(Counter::QueueAcknowledged), 1U);
}

TEST_F(ClaimPath, WhoComesBackGetsTheSameMessageAgain) {
  orders();
  FakeClient taker = durable_consumer();
  send("shop/a", 1);
  const test::Arrived message = one_message(taker);
  FakeClient other = durable_consumer("other");
  taker.peer().drop(0);
  settle();
  EXPECT_THAT(messages(other), IsEmpty()) << "it stays with the first";
  FakeClient back = call({.client_id = "c", .durable = true});
  settle();
  const auto again = messages(back);
  ASSERT_THAT(again, SizeIs(1));
  EXPECT_TRUE(again[0].dup);
  EXPECT_EQ(again[0].id, message.id);
  EXPECT_EQ(again[0].said.at("x-delivery-count"), "1") << "the same delivery";
  back.ack(PacketType::Pubrec, again[0].id);
  settle();
  back.ack(PacketType::Pubcomp, again[0].id);
  settle();
  EXPECT_EQ(counted(Counter::QueueAcknowledged), 1U);
}

TEST_F(ClaimPath, ARefusalEndsTheExchangeAndFreesTheIdentifier) {
  orders();
  FakeClient taker = durable_consumer();
  send("shop/a", 1);
  const test::Arrived message = one_message(taker);
  written();
  taker.ack(PacketType::Pubrec, message.id, ReasonCode::NotAuthorized);
  settle();
  EXPECT_THAT(written(), ElementsAre("append, erase Entries, erase Entries"));
  EXPECT_THAT(heard(taker), IsEmpty());
  EXPECT_EQ(counted(Counter::QueueDeadRejected), 1U);
}

TEST_F(ClaimPath, AfterAckTimeoutALatePubrecIsAnsweredByPubrel) {
  orders().ack_timeout = 5s;
  FakeClient taker = durable_consumer();
  send("shop/a", 1);
  const test::Arrived message = one_message(taker);
  broker().pass(6s);
  EXPECT_EQ(counted(Counter::QueueAckTimeouts), 1U);
  FakeClient other = durable_consumer("other");
  broker().pass(11s);
  EXPECT_THAT(messages(other), SizeIs(1)) << "a new delivery";
  taker.ack(PacketType::Pubrec, message.id);
  settle();
  EXPECT_THAT(heard(taker), ElementsAre(StartsWith("PUBREL #")));
  taker.ack(PacketType::Pubcomp, message.id);
  settle();
  EXPECT_EQ(counted(Counter::QueueLateAcks), 1U);
  EXPECT_EQ(counted(Counter::QueueAcknowledged), 0U);
}

TEST_F(ClaimPath, ALatePubrecWhoseMarkCouldNotBeStoredIsAskedForAgain) {
  orders().ack_timeout = 5s;
  FakeClient taker = durable_consumer();
  send("shop/a", 1);
  const test::Arrived message = one_message(taker);
  broker().pass(6s);
  taker.ack(PacketType::Pubrec, message.id);
  fail_next_commit();
  settle();
  repair_store();
  broker().pass(3s);
  FakeClient back = asked_again_for(message);
  back.ack(PacketType::Pubcomp, message.id);
  settle();
  EXPECT_EQ(counted(Counter::QueueLateAcks), 1U) << "once for the delivery";
}

/// Here PUBREC comes while the owner's batch is on its way.
TEST_F(ClaimPath, APubrecBesideANackIsAskedForAgainWhenItsMarkCouldNotBeStored) {
  orders();
  FakeClient taker = durable_consumer();
  send("shop/a", 1);
  const test::Arrived message = one_message(taker);
  publish(taker, {"$queue/orders/$nack/1", "", kQoS0});
  settle_without_commit();
  taker.ack(PacketType::Pubrec, message.id);
  settle_without_commit();
  broker().commit();
  settle_without_commit();  // the claim is unanswered, and its mark is on its way
  EXPECT_THAT(heard(taker), IsEmpty());
  fail_next_commit();
  settle();
  repair_store();
  broker().pass(3s);
  asked_again_for(message);
}

TEST_F(ClaimPath, AfterAckTimeoutWhoComesBackGetsThePublishOnceMore) {
  orders().ack_timeout = 5s;
  FakeClient taker = durable_consumer();
  send("shop/a", 1);
  const test::Arrived message = one_message(taker);
  taker.peer().drop(0);
  settle();
  broker().pass(6s);
  FakeClient back = call({.client_id = "c", .durable = true});
  settle();
  const auto again = messages(back);
  ASSERT_THAT(again, SizeIs(1)) << "[MQTT-4.4.0-1]";
  EXPECT_TRUE(again[0].dup);
  EXPECT_EQ(again[0].id, message.id);
  back.ack(PacketType::Pubrec, again[0].id);
  settle();
  EXPECT_THAT(heard(back), ElementsAre(StartsWith("PUBREL #")));
  back.ack(PacketType::Pubcomp, again[0].id);
  settle();
  EXPECT_EQ(counted(Counter::QueueAcknowledged), 0U) << "the queue has waited long enough";
  broker().pass(11s);
  EXPECT_THAT(messages(back), SizeIs(1)) << "a new delivery";
}

TEST_F(ClaimPath, WhatTimedOutAndIsTooLargeForTheNextConnectionEnds) {
  queue::QueueDefinition& definition = orders();
  definition.ack_timeout = 5s;
  definition.max_inflight = 1;
  FakeClient taker = durable_consumer();
  FakeClient publisher = login("pub");
  publish(publisher, {"shop/a", std::string(300, 'x'), kQoS1, 1});
  settle();
  one_message(taker);
  taker.peer().drop(0);
  settle();
  broker().pass(6s);
  written();
  FakeClient back = call({.client_id = "c", .durable = true, .maximum_packet_size = 200});
  settle();
  EXPECT_THAT(messages(back), IsEmpty());
  EXPECT_THAT(written(), Contains("erase Entries"));
  EXPECT_EQ(counted(Counter::QueueLateAcks), 0U) << "nobody has answered";
  send("shop/a", 1);
  EXPECT_THAT(payloads(back), ElementsAre("1")) << "it does not count against what the consumer may have";
}

TEST_F(ClaimPath, TheEndOfTheSessionGivesItToAnother) {
  orders();
  FakeClient taker = durable_consumer();
  send("shop/a", 1);
  one_message(taker);
  taker.peer().drop(0);
  settle();
  FakeClient other = durable_consumer("other");
  FakeClient anew = call({.client_id = "c", .clean = true});
  settle();
  EXPECT_THAT(messages(other), SizeIs(1));
}

TEST_F(ClaimPath, ASessionWithoutAStoreClaimsNothing) {
  orders();
  FakeClient taker = consumer("c", "orders", kQoS2);
  FakeClient publisher = login("pub");
  written();
  send("shop/a", 1);
  EXPECT_THAT(written(), ElementsAre("append")) << "the message";
  const test::Arrived message = one_message(taker);
  EXPECT_EQ(message.qos, kQoS2);
  taker.ack(PacketType::Pubrec, message.id);
  settle();
  EXPECT_THAT(heard(taker), ElementsAre(StartsWith("PUBREL #")));
  taker.ack(PacketType::Pubcomp, message.id);
  settle();
  EXPECT_EQ(counted(Counter::QueueAcknowledged), 1U);
}

TEST_F(ClaimPath, ASessionWithoutAStoreLeavesItWithItsConnection) {
  orders();
  FakeClient taker = consumer("c", "orders", kQoS2);
  send("shop/a", 1);
  one_message(taker);
  FakeClient other = consumer("other", "orders", kQoS2);
  taker.peer().drop(0);
  settle();
  EXPECT_THAT(messages(other), SizeIs(1));
}

TEST_F(ClaimPath, AClaimThatCouldNotBeStoredIsTriedAgain) {
  orders();
  FakeClient taker = durable_consumer();
  FakeClient publisher = login("pub");
  publish(publisher, {"shop/a", "1", kQoS1, 1});
  settle_without_commit();
  broker().commit();
  settle_without_commit();
  fail_next_commit();
  settle();
  EXPECT_THAT(messages(taker), IsEmpty());
  repair_store();
  broker().pass(3s);
  EXPECT_THAT(messages(taker), SizeIs(1));
}

TEST_F(ClaimPath, WhatExpiresBetweenItsClaimAndTheNextConnectionIsNotSent) {
  orders();
  FakeClient taker = durable_consumer();
  FakeClient publisher = login("pub");
  publish(publisher, {.topic = "shop/a", .payload = "1", .qos = kQoS1, .id = 1, .expiry = 5});
  settle_without_commit();
  broker().commit();
  settle_without_commit();  // its claim is on its way
  taker.peer().drop(0);
  settle();
  broker().pass(6s);
  written();
  FakeClient back = call({.client_id = "c", .durable = true});
  settle();
  EXPECT_THAT(messages(back), IsEmpty()) << "[MQTT-3.3.2-5]";
  EXPECT_EQ(counted(Counter::QueueDeadExpired), 1U);
  EXPECT_THAT(written(), Contains("append, erase Entries, erase Entries")) << "the claim with the entry";
  send("shop/a", 1);
  EXPECT_THAT(payloads(back), ElementsAre("1"));
}

TEST_F(ClaimPath, WhatWaitedForTheConnectionGoesToAnotherWhenThatIsLost) {
  orders();
  FakeClient taker = login({.client_id = "c", .durable = true, .receive_maximum = 1});
  taker.subscribe({1}, {{"$queue/orders", kQoS2}, {"own", kQoS1}});
  settle();
  taker.receive();
  FakeClient publisher = login("pub");
  publish(publisher, {"own", "x", kQoS1, 1});
  publish(publisher, {"shop/a", "1", kQoS1, 2});
  settle();
  EXPECT_THAT(payloads(taker), ElementsAre("x")) << "the quota is used up";
  taker.peer().drop(0);
  settle();
  EXPECT_THAT(taken_by_another(), ElementsAre("1"));
}

TEST_F(ClaimPath, WhatIsLentWhileTheConsumerIsLostGoesToAnother) {
  orders();
  FakeClient taker = durable_consumer();
  FakeClient publisher = login("pub");
  publish(publisher, {"shop/a", "1", kQoS1, 1});
  settle_without_commit();
  broker().commit();
  taker.peer().drop(0);  // the owner hears of both in one tick
  settle();
  EXPECT_THAT(taken_by_another(), ElementsAre("1"));
}

TEST_F(ClaimPath, WhatWasLentForAnotherQoSIsLentAgain) {
  orders();
  FakeClient taker = login({.client_id = "c", .durable = true, .receive_maximum = 1});
  taker.subscribe({1}, {{"$queue/orders", kQoS1}, {"own", kQoS1}});
  settle();
  taker.receive();
  FakeClient publisher = login("pub");
  publish(publisher, {"own", "x", kQoS1, 1});
  publish(publisher, {"shop/a", "1", kQoS1, 2});
  settle();
  const test::Arrived own = one_message(taker);
  ASSERT_EQ(own.payload, "x") << "the other is lent, and waits for quota";
  taker.subscribe({2}, {{"$queue/orders", kQoS2}});
  settle();
  taker.receive();
  taker.ack(PacketType::Puback, own.id);
  settle();
  const test::Arrived lent = one_message(taker);
  EXPECT_EQ(lent.qos, kQoS2) << "not under a lease that has no claim";
  taker.ack(PacketType::Pubrec, lent.id);
  settle();
  EXPECT_THAT(heard(taker), ElementsAre(StartsWith("PUBREL #")));
  taker.ack(PacketType::Pubcomp, lent.id);
  settle();
  EXPECT_EQ(counted(Counter::QueueAcknowledged), 1U);
}

TEST_F(ClaimPath, ANackLeavesTheExchangeToItsEnd) {
  orders();
  FakeClient taker = durable_consumer();
  send("shop/a", 1);
  const test::Arrived message = one_message(taker);
  written();
  publish(taker, {"$queue/orders/$nack/1", "", kQoS1, 5});
  settle();
  EXPECT_THAT(heard(taker), ElementsAre("PUBACK #5"));
  EXPECT_THAT(written(), ElementsAre("put Deliveries, put Entries")) << "the mark, not an erase";
  taker.ack(PacketType::Pubrec, message.id);
  settle();
  EXPECT_THAT(heard(taker), ElementsAre(StartsWith("PUBREL #")));
  taker.ack(PacketType::Pubcomp, message.id);
  settle();
  EXPECT_EQ(counted(Counter::QueueLateAcks), 0U);
  broker().pass(11s);
  EXPECT_THAT(messages(taker), SizeIs(1)) << "a new delivery";
}

TEST_F(ClaimPath, ALatePubrecThatRefusesEndsTheExchangeAndNotTheConnection) {
  orders().ack_timeout = 5s;
  FakeClient taker = durable_consumer();
  send("shop/a", 1);
  const test::Arrived message = one_message(taker);
  broker().pass(6s);
  written();
  taker.ack(PacketType::Pubrec, message.id, ReasonCode::UnspecifiedError);
  settle();
  EXPECT_THAT(heard(taker), IsEmpty());
  EXPECT_THAT(written(), ElementsAre("erase Entries"));
  taker.ping();
  settle();
  EXPECT_THAT(heard(taker), ElementsAre("PINGRESP"));
}

/// Its sequence stands behind messages that are only in the store, and the window has passed over it.
TEST_F(ClaimPath, WhatIsUnansweredIsNoneOfTheMessagesThatWaitInTheStore) {
  orders().ack_timeout = 5s;
  options_.session.queue.window_messages = options_.session.queue.page_messages = 2;
  FakeClient taker = durable_consumer();
  taker.subscribe({2}, {{"own", kQoS1}});
  settle();
  taker.peer().drop(0);
  settle();
  FakeClient publisher = login("pub");
  for (std::uint16_t i = 1; i <= 6; ++i) publish(publisher, {"own", std::to_string(i), kQoS1, i});
  publish(publisher, {"shop/a", "lent", kQoS1, 7});
  settle();
  FakeClient back = call({.client_id = "c", .durable = true, .receive_maximum = 2});
  commit_without_pages();
  const test::Arrived lent = one_message(back);
  ASSERT_EQ(lent.payload, "lent");
  broker().pass(6s);
  EXPECT_EQ(counted(Counter::QueueAckTimeouts), 1U);
  std::vector<std::string> own;
  for (int i = 0; i < 6; ++i) {
    const test::Arrived next = one_message(back);
    own.push_back(next.payload);
    back.ack(PacketType::Puback, next.id);
    settle();
  }
  EXPECT_THAT(own, ElementsAre("1", "2", "3", "4", "5", "6"));
  EXPECT_EQ(queued("c"), 0U);
  back.ack(PacketType::Pubrec, lent.id);
  settle();
  EXPECT_THAT(heard(back), ElementsAre("PUBREL #" + std::to_string(lent.id.v)));
}

TEST_F(ClaimPath, NothingIsSentBeforeConnack) {
  orders();
  FakeClient taker = durable_consumer();
  send("shop/a", 1);
  const test::Arrived message = one_message(taker);
  taker.ack(PacketType::Pubrec, message.id);
  settle_without_commit();
  broker().commit();  // the owner hears of it behind the new connection, whose CONNACK waits for its record
  taker.peer().drop(0);
  FakeClient back = call({.client_id = "c", .durable = true});
  settle_without_commit();
  EXPECT_THAT(heard(back), IsEmpty()) << "[MQTT-3.2.0-1]";
  settle();
  EXPECT_THAT(heard(back), ElementsAre("CONNACK present", "PUBREL #" + std::to_string(message.id.v)));
}

TEST_F(ClaimPath, PubrelsLeaveInTheOrderOfThePubrecs) {
  orders();
  FakeClient taker = durable_consumer();
  taker.subscribe({2}, {{"own", kQoS2}});
  settle();
  taker.receive();
  send("shop/a", 1);
  const test::Arrived lent = one_message(taker);
  FakeClient publisher = login("pub");
  publish(publisher, {"own", "x", kQoS2, 1});
  settle();
  const test::Arrived own = one_message(taker);
  taker.ack(PacketType::Pubrec, lent.id);
  taker.ack(PacketType::Pubrec, own.id);
  settle();
  EXPECT_THAT(heard(taker),
              ElementsAre("PUBREL #" + std::to_string(lent.id.v), "PUBREL #" + std::to_string(own.id.v)));
}

}  // namespace
}  // namespace hermod::broker::testing
