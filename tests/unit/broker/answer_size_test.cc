// No answer is larger than the client's Maximum Packet Size. [MQTT-3.1.2-24]

#include "tests/unit/broker/path_fixture.h"

namespace hermod::broker::testing {
namespace {

class AnswerSize : public PathTest {
 protected:
  static std::vector<std::string> filters() {
    std::vector<std::string> filters;
    for (int i = 0; i < 100; ++i) filters.push_back("f" + std::to_string(i));
    return filters;
  }
  void subscribe_to_all(FakeClient& client) {
    const auto texts = filters();
    std::vector<wire::SubscribeFilter> wanted;
    for (const std::string& text : texts) wanted.push_back({text, kQoS1});
    client.subscribe({9}, wanted);
    settle();
  }
};

TEST_F(AnswerSize, ConnackLeavesOutWhatTheClientCanDoWithout) {
  FakeClient client = call({.client_id = "c", .maximum_packet_size = 18});
  settle();
  const auto packets = client.receive();
  ASSERT_EQ(packets.size(), 1U);
  EXPECT_EQ(packets[0].reason, ReasonCode::Success);
  EXPECT_EQ(packets[0].receive_maximum, options_.session.receive_maximum) << "without it it would be 65535";
}

TEST_F(AnswerSize, ConnackIsAtMostAsLargeAsTheClientTakes) {
  for (const std::uint32_t most : {16U, 17U, 18U, 19U, 20U}) {
    FakeClient client = call({.client_id = "c", .maximum_packet_size = most});
    settle();
    const std::size_t size = client.peer().take().size();
    EXPECT_GE(size, 16U);
    EXPECT_LE(size, most);
  }
}

TEST_F(AnswerSize, AClientWhoseConnackCannotFitIsRefused) {
  FakeClient client = call({.client_id = "c", .durable = true, .maximum_packet_size = 15});
  settle();
  EXPECT_THAT(heard(client), ElementsAre("CONNACK 0x95", "end"));
  EXPECT_EQ(broker().directory().find("c"), std::nullopt);
}

TEST_F(AnswerSize, AClientThatTakesNoConnackAtAllIsClosed) {
  FakeClient client = call({.client_id = "c", .maximum_packet_size = 4});
  settle();
  EXPECT_THAT(heard(client), ElementsAre("end"));
}

TEST_F(AnswerSize, ARefusalKeepsItsServerReferenceAndLosesItsWordsFirst) {
  options_.limits.max_connections = 0;
  options_.mqtt.server_reference = "mqtt://elsewhere.example:1883";
  FakeClient client = call({.client_id = "c", .maximum_packet_size = 40});
  settle();
  const std::string bytes = client.peer().take();
  EXPECT_LE(bytes.size(), 40U);
  EXPECT_NE(bytes.find(options_.mqtt.server_reference), std::string::npos);
}

TEST_F(AnswerSize, ARefusalWithoutRoomForItsServerReferenceIsBare) {
  options_.limits.max_connections = 0;
  options_.mqtt.server_reference = "mqtt://elsewhere.example:1883";
  FakeClient client = call({.client_id = "c", .maximum_packet_size = 30});
  settle();
  EXPECT_EQ(client.peer().received(), 5U);
  EXPECT_THAT(heard(client), ElementsAre("CONNACK 0x9C", "end"));
}

TEST_F(AnswerSize, ASubackThatDoesNotFitEndsTheConnection) {
  for (const bool durable : {false, true}) {
    FakeClient client = login({.client_id = "c", .durable = durable, .maximum_packet_size = 60});
    subscribe_to_all(client);
    EXPECT_THAT(heard(client), ElementsAre("DISCONNECT 0x95", "end"));
  }
}

TEST_F(AnswerSize, AnUnsubackThatDoesNotFitEndsTheConnection) {
  FakeClient client = login({.client_id = "c", .maximum_packet_size = 60});
  const auto texts = filters();
  client.unsubscribe({9}, {texts.begin(), texts.end()});
  settle();
  EXPECT_THAT(heard(client), ElementsAre("DISCONNECT 0x95", "end"));
}

}  // namespace
}  // namespace hermod::broker::testing
