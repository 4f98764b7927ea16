// CONNECT: row 8 of the table of what must be durable first, and who is let in with what.

#include "tests/unit/broker/path_fixture.h"

namespace hermod::broker::testing {
namespace {

class ConnectPath : public PathTest {
 protected:
  std::vector<std::string> answer_to(const Login& login) {
    FakeClient client = call(login);
    settle();
    return heard(client);
  }
  void expect_sent_elsewhere(const Login& login) {
    FakeClient client = call(login);
    settle();
    const auto packets = client.receive();
    ASSERT_EQ(packets.size(), 1);
    EXPECT_EQ(packets[0].reason, ReasonCode::UseAnotherServer);
    EXPECT_EQ(packets[0].server_reference, options_.mqtt.server_reference);
    EXPECT_TRUE(client.peer().is_ended_by_broker());
  }
};
class ConnectPathOf : public VersionedPathTest {};
INSTANTIATE_TEST_SUITE_P(Versions, ConnectPathOf, ::testing::Values(kV311, kV5));

TEST_P(ConnectPathOf, ADurableSessionIsConfirmedWhenItIsOnDisk) {
  FakeClient client = call({.client_id = "c", .version = GetParam(), .durable = true});
  settle_without_commit();
  EXPECT_THAT(heard(client), IsEmpty());
  settle();
  EXPECT_THAT(written(), ElementsAre("put Sessions"));
  EXPECT_THAT(heard(client), ElementsAre("CONNACK"));
}

TEST_F(ConnectPath, AResumedSessionIsConfirmedWhenItsNewRecordIsOnDisk) {
  login({.client_id = "c", .durable = true}).peer().drop(0);
  settle();
  written();
  FakeClient again = call({.client_id = "c", .expiry = 10});
  settle_without_commit();
  EXPECT_THAT(heard(again), IsEmpty());
  settle();
  EXPECT_THAT(heard(again), ElementsAre("CONNACK present"));
  EXPECT_THAT(written(), ElementsAre("put Sessions"));
}

TEST_P(ConnectPathOf, ASessionThatEndsWithItsConnectionNeedsNoDisk) {
  FakeClient client = call({.client_id = "c", .version = GetParam()});
  settle_without_commit();
  EXPECT_THAT(heard(client), ElementsAre("CONNACK"));
  EXPECT_THAT(written(), IsEmpty());
}

TEST_F(ConnectPath, WhatIsSentBehindConnectWaitsForConnack) {
  FakeClient client = call({.client_id = "c", .durable = true});
  publish(client, {"nobody", "1", kQoS1, 7});
  client.ping();
  settle_without_commit();
  EXPECT_THAT(heard(client), IsEmpty());
  EXPECT_EQ(counted(Counter::PublishReceivedQoS1), 0);
  settle();
  EXPECT_THAT(heard(client), ElementsAre("CONNACK", "PUBACK #7 0x10", "PINGRESP"));
}

TEST_P(ConnectPathOf, ACleanStartEndsTheOldSession) {
  FakeClient old = login({.client_id = "c", .version = GetParam(), .durable = true});
  subscribe(old, "a", kQoS1);
  old.peer().drop(0);
  settle();
  FakeClient publisher = login("pub");
  publish(publisher, {"a", "1", kQoS1, 7});
  settle();
  FakeClient again = call({.client_id = "c", .version = GetParam(), .clean = true});
  settle();
  EXPECT_THAT(heard(again), ElementsAre("CONNACK"));
  EXPECT_EQ(broker().subscriptions().subscription_count(), 0);
  EXPECT_EQ(counted(Counter::DroppedSessionEnded), 1);
}

TEST_F(ConnectPath, AnEmptyClientIdentifierIsReplacedByOneOfItsOwn) {
  FakeClient one = call({});
  FakeClient two = call({});
  settle();
  const auto first = one.receive();
  const auto second = two.receive();
  ASSERT_EQ(first.size(), 1);
  ASSERT_EQ(second.size(), 1);
  EXPECT_FALSE(first[0].assigned_client_id.empty());
  EXPECT_NE(first[0].assigned_client_id, second[0].assigned_client_id);
}

TEST_F(ConnectPath, AnEmptyClientIdentifierOfMqtt3NeedsACleanSession) {
  EXPECT_THAT(answer_to({.version = kV311}), ElementsAre("CONNACK"));
  EXPECT_THAT(answer_to({.version = kV311, .durable = true}), ElementsAre("CONNACK 0x85", "end"));
}

TEST_F(ConnectPath, AnEmptyClientIdentifierIsRefusedWhereOneIsRequired) {
  options_.mqtt.require_client_id = true;
  EXPECT_THAT(answer_to({}), ElementsAre("CONNACK 0x85", "end"));
  EXPECT_THAT(answer_to({.client_id = "c"}), ElementsAre("CONNACK"));
}

TEST_F(ConnectPath, AnAuthenticationMethodIsRefused) {
  EXPECT_THAT(answer_to({.client_id = "c", .authentication_method = "SCRAM-SHA-1"}),
              ElementsAre("CONNACK 0x8C", "end"));
}

TEST_F(ConnectPath, AWillNobodyMayPublishIsRefused) {
  options_.mqtt.max_qos = 1;
  options_.mqtt.retain_available = false;
  EXPECT_THAT(answer_to({.client_id = "c", .will = Testament{.topic = "$SYS/x"}}),
              ElementsAre("CONNACK 0x90", "end"));
  EXPECT_THAT(answer_to({.client_id = "c", .will = Testament{.topic = "w", .qos = kQoS2}}),
              ElementsAre("CONNACK 0x9B", "end"));
  EXPECT_THAT(answer_to({.client_id = "c", .will = Testament{.topic = "w", .retain = true}}),
              ElementsAre("CONNACK 0x9A", "end"));
  EXPECT_EQ(broker().directory().count(), 0);
}

TEST_F(ConnectPath, AWillThatIsNotTheTextItClaimsToBeIsRefusedWhereThatIsChecked) {
  options_.mqtt.validate_payload_format = true;
  const std::string no_text = "caf\xE9";
  EXPECT_THAT(
      answer_to({.client_id = "c", .will = Testament{.topic = "w", .payload = no_text, .text = true}}),
      ElementsAre("CONNACK 0x99", "end"));
  EXPECT_EQ(broker().directory().count(), 0);
  EXPECT_THAT(answer_to({.client_id = "c", .will = Testament{.topic = "w", .payload = no_text}}),
              ElementsAre("CONNACK"));
  EXPECT_THAT(answer_to({.client_id = "c", .will = Testament{.topic = "w", .text = true}}),
              ElementsAre("CONNACK"));
}

TEST_F(ConnectPath, AWillThatIsNotTheTextItClaimsToBePassesByDefault) {
  EXPECT_THAT(
      answer_to({.client_id = "c", .will = Testament{.topic = "w", .payload = "caf\xE9", .text = true}}),
      ElementsAre("CONNACK"));
}

TEST_F(ConnectPath, WhatTheBrokerChangedIsToldInConnack) {
  options_.session.max_expiry_interval = 60;
  options_.mqtt.max_keep_alive = 30;
  options_.session.receive_maximum = 7;
  FakeClient client = call({.client_id = "c", .durable = true, .keep_alive = 0});
  settle();
  const auto packets = client.receive();
  ASSERT_EQ(packets.size(), 1);
  EXPECT_EQ(packets[0].session_expiry, 60);
  EXPECT_EQ(packets[0].server_keep_alive, 30);
  EXPECT_EQ(packets[0].receive_maximum, 7);
}

TEST_F(ConnectPath, WhatTheClientAskedForIsNotRepeated) {
  options_.mqtt.max_keep_alive = 30;
  FakeClient client = call({.client_id = "c", .durable = true, .keep_alive = 30});
  settle();
  const auto packets = client.receive();
  ASSERT_EQ(packets.size(), 1);
  EXPECT_EQ(packets[0].session_expiry, std::nullopt);
  EXPECT_EQ(packets[0].server_keep_alive, std::nullopt);
}

// [MQTT-3.1.2-28]
TEST_F(ConnectPath, ResponseInformationIsToldToWhoAsksForIt) {
  options_.mqtt.response_information = "responses/";
  for (const bool asks : {true, false}) {
    FakeClient client = call({.client_id = "c", .response_information = asks});
    settle();
    const auto packets = client.receive();
    ASSERT_EQ(packets.size(), 1);
    EXPECT_EQ(packets[0].response_information,
              asks ? std::optional<std::string>("responses/") : std::nullopt);
  }
}

TEST_F(ConnectPath, WithoutResponseInformationNobodyIsToldAny) {
  FakeClient client = call({.client_id = "c", .response_information = true});
  settle();
  const auto packets = client.receive();
  ASSERT_EQ(packets.size(), 1);
  EXPECT_EQ(packets[0].response_information, std::nullopt);
}

TEST_F(ConnectPath, WithoutConnectInTimeTheConnectionIsClosedWithoutAWord) {
  options_.mqtt.connect_timeout = std::chrono::seconds{5};
  auto peer = broker().connect(0);
  peer->make_room(kPlenty);
  broker().pass(std::chrono::milliseconds{4900});
  EXPECT_FALSE(peer->is_ended_by_broker());
  broker().pass(std::chrono::milliseconds{200});
  EXPECT_TRUE(peer->is_ended_by_broker());
  EXPECT_EQ(peer->received(), 0);
  EXPECT_EQ(counted(Counter::ConnectTimeouts), 1);
}

TEST_F(ConnectPath, ASessionThatIsNotStoredInTimeIsRefused) {
  options_.mqtt.connect_timeout = std::chrono::seconds{5};
  FakeClient client = call({.client_id = "c", .durable = true});
  settle_without_commit();
  broker().clock().advance(std::chrono::seconds{6});
  settle_without_commit();
  EXPECT_THAT(heard(client), ElementsAre("CONNACK 0x88", "end"));
  settle();
}

TEST_F(ConnectPath, AboveTheLimitOfConnectionsNobodyIsLetIn) {
  options_.limits.max_connections = 1;
  FakeClient first = login("first");
  EXPECT_THAT(answer_to({.client_id = "second"}), ElementsAre("CONNACK 0x97", "end"));
  EXPECT_THAT(answer_to({.client_id = "third", .version = kV311}), ElementsAre("CONNACK 0x88", "end"));
  first.peer().drop(0);
  settle();
  EXPECT_THAT(answer_to({.client_id = "fourth"}), ElementsAre("CONNACK"));
}

TEST_F(ConnectPath, WhoSaidGoodbyeHoldsNoPlaceWhileTheTransportCloses) {
  options_.limits.max_connections = 1;
  FakeClient first = login("first");
  first.disconnect();  // and does not close its side
  settle();
  FakeClient second = call({.client_id = "second"});
  settle();
  EXPECT_THAT(heard(second), ElementsAre("CONNACK"));
  broker().pass(std::chrono::seconds{6});  // the transport of the first is closed for good
  EXPECT_THAT(answer_to({.client_id = "third"}), ElementsAre("CONNACK 0x97", "end"));
}

TEST_F(ConnectPath, AboveTheLimitOfConnectionsAnotherServerIsNamed) {
  options_.limits.max_connections = 0;
  options_.mqtt.server_reference = "elsewhere";
  expect_sent_elsewhere({.client_id = "c"});
  EXPECT_THAT(answer_to({.client_id = "old", .version = kV311}), ElementsAre("CONNACK 0x88", "end"));
}

TEST_F(ConnectPath, AboveTheLimitOfSessionsAnotherServerIsNamed) {
  options_.session.max_sessions = 1;
  options_.mqtt.server_reference = "elsewhere";
  FakeClient first = login("first");
  expect_sent_elsewhere({.client_id = "second"});
}

TEST_F(ConnectPath, WhileTheBrokerStopsAnotherServerIsNamed) {
  options_.mqtt.server_reference = "elsewhere";
  FakeClient early = login("early");
  broker().mailbox(0).post(StopServing{});
  settle();
  const auto said = early.receive();
  ASSERT_EQ(said.size(), 1);
  EXPECT_EQ(said[0].reason, ReasonCode::ServerShuttingDown);
  EXPECT_EQ(said[0].server_reference, "elsewhere");
  expect_sent_elsewhere({.client_id = "late"});
}

TEST_F(ConnectPath, AboveTheLimitOfSessionsNobodyNewIsLetIn) {
  options_.session.max_sessions = 1;
  login({.client_id = "old", .durable = true}).peer().drop(0);
  settle();
  FakeClient refused = call({.client_id = "new"});
  settle();
  const auto packets = refused.receive();
  ASSERT_EQ(packets.size(), 1);
  EXPECT_EQ(packets[0].reason, ReasonCode::QuotaExceeded);
  EXPECT_EQ(packets[0].reason_string, "limits.max_sessions is reached");
  EXPECT_THAT(answer_to({.client_id = "old", .durable = true}), ElementsAre("CONNACK present"));
}

TEST_F(ConnectPath, AboveTheLimitOfItsAddressAConnectionIsClosedUnread) {
  options_.limits.max_connections_per_address = 1;
  FakeClient first = login("first");
  auto second = broker().connect(0);
  EXPECT_TRUE(second->is_ended_by_broker());
  first.peer().drop(0);
  settle();
  EXPECT_THAT(answer_to({.client_id = "third"}), ElementsAre("CONNACK"));
}

TEST_F(ConnectPath, AListenerMayHaveALimitByAddressOfItsOwn) {
  options_.net.listeners.front().max_connections_per_address = 1;
  FakeClient first = login("first");
  auto second = broker().connect(0);
  EXPECT_TRUE(second->is_ended_by_broker());
  EXPECT_EQ(counted(Counter::ConnectionsRefused), 1U);
  first.peer().drop(0);
  settle();
  EXPECT_THAT(answer_to({.client_id = "third"}), ElementsAre("CONNACK"));
}

TEST_F(ConnectPath, WhileTheBrokerStopsNobodyIsLetIn) {
  FakeClient early = login("early");
  broker().mailbox(0).post(StopServing{});
  settle();
  EXPECT_THAT(heard(early), ElementsAre("DISCONNECT 0x8B", "end"));
  EXPECT_THAT(answer_to({.client_id = "late"}), ElementsAre("CONNACK 0x88", "end"));
}

TEST_F(ConnectPath, ASecondConnectIsAProtocolError) {
  FakeClient client = login("c");
  client.connect({.client_id = "c"});
  settle();
  EXPECT_THAT(heard(client), ElementsAre("DISCONNECT 0x82", "end"));
}

}  // namespace
}  // namespace hermod::broker::testing
