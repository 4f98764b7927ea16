// What a start knows of the user property `filter`: it belongs to the subscription.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "queue/queue_changes.h"
#include "queue/queue_id.h"
#include "session/records.h"
#include "tests/sim/start_fixture.h"

namespace hermod::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::string_view kWork = "$share/work/$stream/log";

class FilterStart : public StartTest {
 protected:
  /// A queue "orders" and a stream "log", both of the topic a.
  void make_both() {
    queue::QueueRecord orders;
    orders.definition.name = "orders";
    orders.definition.bind = {"a"};
    queue::QueueRecord log;
    log.definition.name = "log";
    log.definition.bind = {"a"};
    log.definition.kind = queue::QueueDefinition::Kind::Stream;
    store::WriteBatch batch;
    queue::record_queue(batch, queue::named_queue(3), orders);
    queue::record_queue(batch, queue::named_queue(4), log);
    broker().committer().submit(std::move(batch), nullptr);
    broker().settle();
    crash();
  }
  Arrived wants(FakeClient& client, std::string_view topic_filter, std::string_view filter) {
    wire::PropertyWriter properties;
    if (!filter.empty()) properties.add_user("filter", filter);
    wire::SubscribeFilterWriter filters;
    filters.add({.filter = topic_filter, .qos = wire::QoS::AtLeastOnce}, wire::Version::Mqtt5);
    client.send(wire::Subscribe{wire::PacketId{1}, filters.filters(), properties.properties()});
    broker().settle();
    const auto answers = client.receive();
    EXPECT_EQ(answers.size(), 1U);
    return answers.at(0);
  }
  void say(const std::string& payload, std::string_view n) {
    FakeClient publisher = login("publisher", /*with_will=*/false, /*expiry=*/0);
    wire::PropertyWriter properties;
    properties.add_user("n", n);
    wire::Publish packet;
    packet.topic = "a";
    packet.payload = as_bytes(payload);
    packet.qos = wire::QoS::AtLeastOnce;
    packet.id = {1};
    packet.properties = properties.properties();
    publisher.publish(packet);
    broker().settle();
    publisher.disconnect();
    broker().settle();
  }
};

TEST_F(FilterStart, ADurableSessionKeepsIt) {
  make_both();
  for (const std::string_view form :
       {std::string_view("$queue/orders"), std::string_view("$stream/log"), kWork}) {
    FakeClient client = login(form);
    EXPECT_THAT(wants(client, form, "n=1").reasons, ElementsAre(wire::ReasonCode::GrantedQoS1)) << form;
    client.peer().drop(0);
    broker().settle();
  }
  crash();
  EXPECT_EQ(broker().recovered().damaged, 0U);
  say("one", "1");
  say("two", "2");
  for (const std::string_view form :
       {std::string_view("$queue/orders"), std::string_view("$stream/log"), kWork}) {
    FakeClient client = login(form);
    EXPECT_THAT(take(client), ElementsAre("one")) << form;
  }
}

TEST_F(FilterStart, AGroupKnowsItBeforeItsMembersAreThere) {
  make_both();
  FakeClient anna = login("anna");
  wants(anna, kWork, "n=1");
  anna.peer().drop(0);
  broker().settle();
  crash();
  FakeClient bert = login("bert");
  const Arrived refused = wants(bert, kWork, "n=2");
  EXPECT_THAT(refused.reasons, ElementsAre(wire::ReasonCode::UnspecifiedError));
  EXPECT_THAT(refused.reason_string, HasSubstr("client bert asks for another one than client anna"));
  EXPECT_THAT(wants(bert, kWork, "n=1").reasons, ElementsAre(wire::ReasonCode::GrantedQoS1));
}

TEST_F(FilterStart, ARecordOfAnOlderBrokerIsASubscriptionWithoutOne) {
  make_both();
  FakeClient anna = login("anna");
  anna.peer().drop(0);
  broker().settle();
  const SessionId session = *broker().directory().find("anna");
  std::string key;
  ByteWriter(key).u64(session.v);
  ByteWriter(key).u32(1);
  store::WriteBatch batch;
  batch.put(store::Table::Subscriptions, as_bytes(key),
            as_bytes(std::string_view("\x01\x01\0\0\0\0\0\x0D$queue/orders", 21)));
  broker().committer().submit(std::move(batch), nullptr);
  broker().settle();
  crash();
  EXPECT_EQ(broker().recovered().damaged, 0U);
  say("one", "1");
  say("two", "2");
  FakeClient again = login("anna");
  EXPECT_THAT(take(again), ElementsAre("one", "two"));
}

TEST_F(FilterStart, OfTwoMembersThatContradictEachOtherOneIsLeft) {
  make_both();
  for (const std::string_view name : {"anna", "bert"}) {
    FakeClient client = login(name);
    wants(client, kWork, "n=1");
    client.peer().drop(0);
    broker().settle();
  }
  store::WriteBatch batch;
  session::record_subscription(batch, *broker().directory().find("bert"), 1, kWork, {.granted_qos = 1},
                               /*retained_due=*/false, "n=2");
  broker().committer().submit(std::move(batch), nullptr);
  broker().settle();
  crash();
  say("one", "1");
  say("two", "2");
  std::vector<std::string> all;
  for (const std::string_view name : {"anna", "bert"}) {
    FakeClient client = login(name);
    for (std::string& one : take(client)) all.push_back(std::move(one));
  }
  EXPECT_EQ(all.size(), 1U) << "the other is no member";
}

}  // namespace
}  // namespace hermod::test
