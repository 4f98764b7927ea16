// SUBSCRIBE to a queue that is not there.

#include "tests/unit/broker/queue_fixture.h"

namespace hermod::broker::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class CreateQueuePath : public QueuePathTest {
 protected:
  /// The SUBACK of one filter.
  test::Arrived answer_to(FakeClient& client, std::string_view filter) {
    client.subscribe({1}, {{filter, kQoS1}});
    settle();
    const auto packets = client.receive();
    EXPECT_THAT(packets, ::testing::Not(IsEmpty()));
    return packets.empty() ? test::Arrived{} : packets.front();
  }
};

TEST_F(CreateQueuePath, AnUnknownQueueIsRefusedWithTheReason) {
  FakeClient taker = login("c");
  const test::Arrived suback = answer_to(taker, "$queue/orders");
  EXPECT_THAT(suback.reasons, ElementsAre(ReasonCode::TopicFilterInvalid));
  EXPECT_THAT(suback.reason_string, HasSubstr("no queue of this name"));
  FakeClient older = login({.client_id = "o", .version = kV311});
  EXPECT_THAT(answer_to(older, "$queue/orders").reasons, ElementsAre(ReasonCode::UnspecifiedError));
}

TEST_F(CreateQueuePath, AQueueIsNotMadeUnlessTheConfigurationAllowsIt) {
  FakeClient taker = login("c");
  const test::Arrived suback = answer_to(taker, "$queue/orders/shop/#");
  EXPECT_THAT(suback.reasons, ElementsAre(ReasonCode::TopicFilterInvalid));
  EXPECT_THAT(suback.reason_string, HasSubstr("queue.auto_create"));
  EXPECT_EQ(broker().queues().count(), 0U);
}

TEST_F(CreateQueuePath, AQueueIsMadeBoundAndConsumed) {
  options_.queues.auto_create = true;
  FakeClient taker = login("c");
  written();
  taker.subscribe({1}, {{"$queue/orders/shop/#", kQoS1}});
  settle_without_commit();
  EXPECT_THAT(heard(taker), IsEmpty()) << "first it is on the disk";
  settle();
  EXPECT_THAT(heard(taker), ElementsAre("SUBACK #1 0x01"));
  EXPECT_THAT(written(), ElementsAre("put Queues, put Queues"));
  EXPECT_NE(broker().queues().find("orders.dlq"), nullptr);
  send("shop/a", 1);
  EXPECT_THAT(payloads(taker), ElementsAre("1"));
}

TEST_F(CreateQueuePath, TwoThatMakeTheSameQueueShareIt) {
  options_.queues.auto_create = true;
  options_.threads = 2;
  FakeClient one = login({.client_id = "c1", .shard = 0});
  FakeClient two = login({.client_id = "c2", .shard = 1});
  one.subscribe({1}, {{"$queue/orders/shop/#", kQoS1}});
  two.subscribe({1}, {{"$queue/orders/shop/#", kQoS1}});
  settle();
  EXPECT_THAT(heard(one), ElementsAre("SUBACK #1 0x01"));
  EXPECT_THAT(heard(two), ElementsAre("SUBACK #1 0x01"));
  EXPECT_EQ(broker().queues().count(), 2U) << "and its dead letters";
  send("shop/a", 1);
  EXPECT_EQ(messages(one).size() + messages(two).size(), 1U);
}

TEST_F(CreateQueuePath, WhatTheStoreDidNotTakeIsNotThere) {
  options_.queues.auto_create = true;
  FakeClient taker = login("c");
  fail_next_commit();
  EXPECT_THAT(answer_to(taker, "$queue/orders/shop/#").reasons,
              ElementsAre(ReasonCode::ImplementationSpecificError));
  EXPECT_EQ(broker().queues().count(), 0U);
}

TEST_F(CreateQueuePath, ThereIsALimitOfQueues) {
  options_.queues.auto_create = true;
  options_.queues.max_queues = 2;
  FakeClient taker = login("c");
  EXPECT_THAT(answer_to(taker, "$queue/first/a").reasons, ElementsAre(ReasonCode::GrantedQoS1));
  EXPECT_THAT(answer_to(taker, "$queue/second/a").reasons, ElementsAre(ReasonCode::QuotaExceeded));
  EXPECT_EQ(broker().queues().find("second"), nullptr);
}

TEST_F(CreateQueuePath, AFilterIsAsDeepAsTheConfigurationAllows) {
  options_.queues.auto_create = true;
  options_.mqtt.max_topic_levels = 400;
  std::string filter = "$queue/deep/a";
  for (int level = 1; level < 300; ++level) filter += "/a";
  FakeClient taker = login("c");
  EXPECT_THAT(answer_to(taker, filter).reasons, ElementsAre(ReasonCode::GrantedQoS1));
}

TEST_F(CreateQueuePath, WhatASessionMadeIsThereWhenItHasGone) {
  options_.queues.auto_create = true;
  FakeClient taker = login("c");
  taker.subscribe({1}, {{"$queue/orders/shop/#", kQoS1}});
  settle_without_commit();
  taker.peer().drop(0);
  settle_without_commit();
  settle();
  EXPECT_NE(broker().queues().find("orders"), nullptr);
  FakeClient publisher = login("pub");
  publish(publisher, {"shop/a", "1", kQoS1, 1});
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #1"));
}

TEST_F(CreateQueuePath, AFilterOfAQueueThatIsThereIsLookedAt) {
  configure("orders", "shop/#");
  FakeClient taker = login("c");
  const test::Arrived bound = answer_to(taker, "$queue/orders/shop/#");
  EXPECT_THAT(bound.reasons, ElementsAre(ReasonCode::GrantedQoS1));
  EXPECT_THAT(bound.reason_string, IsEmpty());
  const test::Arrived other = answer_to(taker, "$queue/orders/line/#");
  EXPECT_THAT(other.reasons, ElementsAre(ReasonCode::GrantedQoS1));
  EXPECT_THAT(other.reason_string, HasSubstr("none of those it is bound to"));
  EXPECT_THAT(answer_to(taker, "$queue/orders/a#b").reasons, ElementsAre(ReasonCode::TopicFilterInvalid));
}

/// It would lose its subscription with those to the queue that goes.
TEST_F(CreateQueuePath, NoQueueIsMadeWhoseNameACommandHas) {
  options_.queues.auto_create = true;
  FakeClient taker = login("c");
  for (const char* name : {"orders", "orders.dlq"}) {
    const auto hold = broker().queues().hold({name});
    ASSERT_TRUE(hold.has_value());
    EXPECT_THAT(answer_to(taker, "$queue/orders/shop/#").reasons,
                ElementsAre(ReasonCode::ImplementationSpecificError))
        << name;
    EXPECT_EQ(broker().queues().count(), 0U);
  }
  EXPECT_THAT(answer_to(taker, "$queue/orders/shop/#").reasons, ElementsAre(ReasonCode::GrantedQoS1));
}

TEST_F(CreateQueuePath, AnUnfitPlaceForItsDeadLettersIsSaidSo) {
  options_.queues.auto_create = true;
  queue::QueueDefinition& unfit = configure("orders.dlq", "none/#");
  unfit.max_length = 1;
  unfit.overflow = queue::QueueDefinition::Overflow::DropOldest;
  FakeClient taker = login("c");
  const test::Arrived suback = answer_to(taker, "$queue/orders/shop/#");
  EXPECT_THAT(suback.reasons, ElementsAre(ReasonCode::ImplementationSpecificError));
  EXPECT_THAT(suback.reason_string, HasSubstr("dead_letter: the queue orders.dlq"));
  EXPECT_EQ(broker().queues().find("orders"), nullptr);
}

TEST_F(CreateQueuePath, BadNamesAndFiltersAreRefused) {
  options_.queues.auto_create = true;
  FakeClient taker = login("c");
  for (const char* filter : {"$queue/", "$queue/-x", "$queue/x/", "$queue/x/a#", "$queue/x/$SYS/#",
                             "$queue/x/$nack/1", "$queue/x?tags=", "$share/g/$queue/x"})
    EXPECT_THAT(answer_to(taker, filter).reasons, ElementsAre(ReasonCode::TopicFilterInvalid)) << filter;
}

}  // namespace
}  // namespace hermod::broker::testing
