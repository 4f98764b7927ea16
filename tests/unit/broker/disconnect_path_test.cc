// How a connection ends, by whom, and what is said.

#include "tests/unit/broker/path_fixture.h"

namespace hermod::broker::testing {
namespace {

class DisconnectPath : public PathTest {
 protected:
  void SetUp() override {
    options_.session.receive_maximum = 1;
    watcher_ = std::make_unique<FakeClient>(login("watcher"));
    subscribe(*watcher_, "w", kQoS0);
  }
  FakeClient& watcher() { return *watcher_; }
  FakeClient with_will(bool durable = false) {
    return login({.client_id = "c", .durable = durable, .will = Testament{.topic = "w"}});
  }
  /// Makes the broker end the connection with 0x93.
  void provoke(FakeClient& client) {
    publish(client, {"a", "1", kQoS2, 1});
    publish(client, {"a", "2", kQoS2, 2});
    settle();
  }

 private:
  std::unique_ptr<FakeClient> watcher_;
};

TEST_F(DisconnectPath, AGoodbyeTakesTheWillBack) {
  FakeClient client = with_will();
  client.disconnect();
  settle();
  EXPECT_THAT(heard(client), ElementsAre("end"));
  EXPECT_THAT(heard(watcher()), IsEmpty());
}

TEST_F(DisconnectPath, AGoodbyeWithTheWillPublishesIt) {
  FakeClient client = with_will();
  client.disconnect(ReasonCode::DisconnectWithWillMessage);
  settle();
  EXPECT_THAT(heard(watcher()), ElementsAre("PUBLISH w=will"));
}

TEST_F(DisconnectPath, ADisconnectWithAnErrorPublishesTheWill) {
  FakeClient client = with_will();
  client.disconnect(ReasonCode::UnspecifiedError);
  settle();
  EXPECT_THAT(heard(watcher()), ElementsAre("PUBLISH w=will"));
}

TEST_F(DisconnectPath, AConnectionThatBreaksPublishesTheWillOnce) {
  FakeClient client = with_will(true);
  client.peer().drop(0);
  settle();
  broker().pass(std::chrono::hours{2}, std::chrono::minutes{10});
  EXPECT_THAT(heard(watcher()), ElementsAre("PUBLISH w=will"));
}

TEST_F(DisconnectPath, AConnectionTheBrokerEndsPublishesTheWill) {
  FakeClient client = with_will();
  provoke(client);
  EXPECT_THAT(heard(watcher()), ElementsAre("PUBLISH w=will"));
}

TEST_F(DisconnectPath, AConnectionThatIsBeingEndedPublishesTheWillOnceAndNow) {
  FakeClient client = with_will(true);
  client.peer().transport()->say_goodbye();
  settle();
  EXPECT_THAT(heard(watcher()), ElementsAre("PUBLISH w=will"));
  EXPECT_EQ(counted(Counter::ConnectionsClosed), 0U) << "the client's side is open";
  EXPECT_EQ(counted(Counter::ClientsDisconnected), 1U);
  client.peer().finish();
  settle();
  EXPECT_EQ(counted(Counter::ConnectionsClosed), 1U);
  EXPECT_EQ(counted(Counter::ClientsDisconnected), 1U);
  EXPECT_THAT(heard(watcher()), IsEmpty());
}

TEST_F(DisconnectPath, AGoodbyeInFrontOfThatTakesTheWillBack) {
  FakeClient client = with_will();
  client.disconnect();
  client.peer().transport()->on_ready();
  client.peer().transport()->say_goodbye();
  settle();
  EXPECT_THAT(heard(client), ElementsAre("end"));
  EXPECT_THAT(heard(watcher()), IsEmpty());
}

TEST_F(DisconnectPath, WhoEndsBeforeCONNECTIsForgotten) {
  FakeClient client = call({.client_id = "early"});
  client.peer().transport()->say_goodbye();
  client.peer().finish();
  settle();
  EXPECT_EQ(counted(Counter::ConnectionsClosed), 1U);
  EXPECT_EQ(broker().directory().count(), 1) << "only the watcher";
}

TEST_F(DisconnectPath, NothingBehindDisconnectIsTaken) {
  FakeClient client = with_will();
  client.disconnect();
  publish(client, {"w", "late"});
  settle();
  EXPECT_THAT(heard(watcher()), IsEmpty());
}

TEST_F(DisconnectPath, WhatCameBeforeDisconnectIsTaken) {
  FakeClient client = with_will();
  publish(client, {"w", "last words"});
  client.disconnect();
  client.peer().finish();
  settle();
  EXPECT_THAT(heard(watcher()), ElementsAre("PUBLISH w=last words"));
}

TEST_F(DisconnectPath, AnAckBeforeDisconnectEndsItsExchange) {
  FakeClient client = login({.client_id = "c", .durable = true});
  subscribe(client, "a", kQoS1);
  publish(watcher(), {"a", "1", kQoS1, 1});
  settle();
  client.ack(PacketType::Puback, {2});
  client.disconnect();
  client.peer().finish();
  settle();
  EXPECT_EQ(queued("c"), 0);
}

TEST_F(DisconnectPath, ASessionThatWasToEndCannotBeKept) {
  FakeClient client = login("c");
  wire::PropertyWriter properties;
  properties.add(wire::PropertyId::SessionExpiryInterval, 10);
  client.send(wire::Disconnect{wire::kNormalDisconnection, properties.properties()});
  settle();
  EXPECT_THAT(heard(client), ElementsAre("DISCONNECT 0x82", "end"));
  EXPECT_EQ(broker().directory().count(), 1) << "only the watcher";
}

TEST_F(DisconnectPath, ASessionCanBeEndedWithItsGoodbye) {
  FakeClient client = login({.client_id = "c", .durable = true});
  written();
  wire::PropertyWriter properties;
  properties.add(wire::PropertyId::SessionExpiryInterval, 0);
  client.send(wire::Disconnect{wire::kNormalDisconnection, properties.properties()});
  settle();
  EXPECT_EQ(broker().directory().count(), 1) << "only the watcher";
  EXPECT_THAT(written(), ElementsAre("erase Sessions, erase stream"));
}

TEST_F(DisconnectPath, OnlyMqtt5HearsWhy) {
  FakeClient five = login("five");
  provoke(five);
  EXPECT_THAT(heard(five), ElementsAre("PUBREC #1 0x10", "DISCONNECT 0x93", "end"));
  FakeClient three = login({.client_id = "three", .version = kV311});
  publish(three, {"$x", "1"});
  settle();
  EXPECT_THAT(heard(three), ElementsAre("end"));
}

TEST_F(DisconnectPath, TheReasonIsPutInWordsForWhoWantsThem) {
  const auto words_for = [&](const Login& login_of) {
    FakeClient client = login(login_of);
    publish(client, {"$x", "1", kQoS1, 1});
    settle();
    return client.receive().at(0).reason_string;
  };
  EXPECT_NE(words_for({.client_id = "c"}), "");
  EXPECT_EQ(words_for({.client_id = "c", .problem_information = false}), "");
  EXPECT_EQ(words_for({.client_id = "c", .maximum_packet_size = 20}), "") << "it would not fit";
}

TEST_F(DisconnectPath, SilenceBeyondOneAndAHalfKeepAlivesEndsTheConnection) {
  FakeClient client = login({.client_id = "c", .keep_alive = 10, .will = Testament{.topic = "w"}});
  broker().pass(std::chrono::seconds{14});
  client.ping();
  broker().pass(std::chrono::seconds{14});
  EXPECT_THAT(heard(client), ElementsAre("PINGRESP"));
  broker().pass(std::chrono::seconds{2});
  EXPECT_THAT(heard(client), ElementsAre("DISCONNECT 0x8D", "end"));
  EXPECT_THAT(heard(watcher()), ElementsAre("PUBLISH w=will"));
}

TEST_F(DisconnectPath, WithoutKeepAliveSilenceProvesNothing) {
  FakeClient client = login({.client_id = "c", .version = kV311});
  broker().pass(std::chrono::hours{24}, std::chrono::hours{1});
  client.ping();
  settle();
  EXPECT_THAT(heard(client), ElementsAre("PINGRESP"));
}

}  // namespace
}  // namespace hermod::broker::testing
