// Answers leave in the order of the packets they answer, whether or not they need the disk. [MQTT-4.6.0-2]
// [MQTT-4.6.0-3] [MQTT-4.6.0-4]

#include "tests/unit/broker/path_fixture.h"

namespace hermod::broker::testing {
namespace {

class AnswerOrder : public PathTest {
 protected:
  /// A subscriber for whom "a" goes to the disk.
  FakeClient durable_subscriber() {
    FakeClient client = login({.client_id = "durable", .durable = true});
    subscribe(client, "a", kQoS1);
    return client;
  }
  /// What `client` hears before and after the commit of what it has sent.
  void expect_all_behind_the_commit(FakeClient& client, const std::vector<std::string>& answers) {
    settle_without_commit();
    EXPECT_THAT(heard(client), IsEmpty());
    settle();
    EXPECT_EQ(heard(client), answers);
  }
};

TEST_F(AnswerOrder, ARefusalWaitsBehindThePendingCommit) {
  FakeClient durable = durable_subscriber();
  FakeClient publisher = login("pub");
  publish(publisher, {"a", "1", kQoS1, 7});
  publish(publisher, {"$SYS/x", "2", kQoS1, 8});
  publish(publisher, {"$SYS/x", "3", kQoS2, 9});
  publish(publisher, {"a", "4", kQoS1, 10});
  expect_all_behind_the_commit(publisher, {"PUBACK #7", "PUBACK #8 0x90", "PUBREC #9 0x90", "PUBACK #10"});
}

TEST_F(AnswerOrder, ARefusedMessageHoldsItsQuotaUntilItIsAnswered) {
  options_.session.receive_maximum = 2;
  FakeClient durable = durable_subscriber();
  FakeClient publisher = login("pub");
  for (int round = 0; round < 3; ++round) {
    publish(publisher, {"a", "1", kQoS1, 7});
    publish(publisher, {"$SYS/x", "2", kQoS2, 8});
    expect_all_behind_the_commit(publisher, {"PUBACK #7", "PUBREC #8 0x90"});
  }
  publish(publisher, {"a", "1", kQoS1, 7});
  publish(publisher, {"$SYS/x", "2", kQoS2, 8});
  publish(publisher, {"a", "3", kQoS1, 9});
  settle_without_commit();
  EXPECT_THAT(heard(publisher), ElementsAre("DISCONNECT 0x93", "end"));
}

TEST_F(AnswerOrder, ARefusalThatWaitsIsToldWhenTheStoreFails) {
  FakeClient durable = durable_subscriber();
  FakeClient publisher = login("pub");
  publish(publisher, {"a", "1", kQoS1, 7});
  publish(publisher, {"$SYS/x", "2", kQoS1, 8});
  fail_next_commit();
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #7 0x83", "PUBACK #8 0x90"));
}

TEST_F(AnswerOrder, ARefusalThatWaitsIsNotToldToTheNextConnection) {
  FakeClient durable = durable_subscriber();
  FakeClient publisher = login({.client_id = "pub", .durable = true});
  publish(publisher, {"a", "1", kQoS1, 7});
  publish(publisher, {"$SYS/x", "2", kQoS2, 8});
  settle_without_commit();
  publisher.peer().drop(0);
  FakeClient again = login({.client_id = "pub", .durable = true});
  EXPECT_THAT(heard(again), IsEmpty());
  publish(again, {"a", "2", kQoS2, 8});
  settle();
  EXPECT_THAT(heard(again), ElementsAre("PUBREC #8")) << "the identifier is free";
}

TEST_F(AnswerOrder, AnIdentifierInUseIsRefusedBehindThePendingCommit) {
  FakeClient durable = durable_subscriber();
  FakeClient publisher = login("pub");
  publish(publisher, {"nobody", "1", kQoS2, 7});
  settle();
  heard(publisher);
  publish(publisher, {"a", "2", kQoS1, 8});
  publish(publisher, {"a", "3", kQoS1, 7});
  expect_all_behind_the_commit(publisher, {"PUBACK #8", "PUBACK #7 0x91"});
}

TEST_F(AnswerOrder, AnIdentifierInUseEndsAnMqtt3ConnectionBehindTheAcksBeforeIt) {
  FakeClient durable = durable_subscriber();
  FakeClient publisher = login({.client_id = "pub", .version = kV311});
  publish(publisher, {"nobody", "1", kQoS2, 7});
  settle();
  heard(publisher);
  publish(publisher, {"a", "2", kQoS1, 8});
  publish(publisher, {"a", "3", kQoS1, 7});
  expect_all_behind_the_commit(publisher, {"PUBACK #8", "end"});
}

TEST_F(AnswerOrder, PubcompForAnUnknownIdentifierWaitsBehindThePendingCommit) {
  FakeClient durable = durable_subscriber();
  FakeClient publisher = login({.client_id = "pub", .durable = true});
  publish(publisher, {"nobody", "1", kQoS2, 7});
  settle();
  heard(publisher);
  publisher.ack(PacketType::Pubrel, {7});
  publisher.ack(PacketType::Pubrel, {99});
  expect_all_behind_the_commit(publisher, {"PUBCOMP #7", "PUBCOMP #99 0x92"});
}

TEST_F(AnswerOrder, PubrelForAnUnknownIdentifierWaitsBehindThePendingCommit) {
  FakeClient durable = durable_subscriber();
  FakeClient client = login("client");
  publish(client, {"a", "1", kQoS1, 7});
  client.ack(PacketType::Pubrec, {99});
  expect_all_behind_the_commit(client, {"PUBACK #7", "PUBREL #99 0x92"});
}

TEST_F(AnswerOrder, PubrelAgainWaitsBehindThePubrelThatIsPending) {
  FakeClient subscriber = login({.client_id = "sub", .durable = true});
  subscribe(subscriber, "a", kQoS2);
  FakeClient publisher = login("pub");
  publish(publisher, {"a", "1", kQoS2, 1});
  publish(publisher, {"a", "2", kQoS2, 2});
  settle();
  subscriber.ack(PacketType::Pubrec, {2});
  settle();
  heard(subscriber);
  subscriber.ack(PacketType::Pubrec, {3});
  subscriber.ack(PacketType::Pubrec, {2});
  expect_all_behind_the_commit(subscriber, {"PUBREL #3", "PUBREL #2"});
}

}  // namespace
}  // namespace hermod::broker::testing
