#include <set>

#include "tests/integration/hostile/hostile_test.h"

namespace hermod::integration {

class HostileLastWords : public Hostile {
 protected:
  static ConnectOptions with_will(const std::string& id, Version version = Version::V5) {
    return {
        .client_id = id, .version = version, .will = Will{.topic = "last/will", .payload = "gone", .qos = 1}};
  }
  /// The next message for `subscriber`, which has not acknowledged it.
  static Message receive_one(MqttClient& publisher, MqttClient& subscriber, int number, std::uint8_t qos) {
    subscriber.subscribe("last/words", qos);
    publisher.publish("last/words", std::to_string(number), qos);
    return subscriber.receive_unacknowledged();
  }
};

TEST_F(HostileLastWords, T35_PublishFollowedByDisconnectIsProcessedWithoutAWill) {
  constexpr int kTimes = 50;
  MqttClient observer = client("observer");
  observer.subscribe("last/#", 2);
  for (int i = 0; i < kTimes; ++i) {
    const Version version = i % 4 < 2 ? Version::V5 : Version::V311;
    MqttClient leaving = connect(with_will("leaving", version));
    leaving.raw().send(publish_bytes(version, {.topic = "last/words",
                                               .payload = std::to_string(i),
                                               .qos = static_cast<std::uint8_t>(i % 3),
                                               .packet_id = 1}) +
                       disconnect_bytes(version));
    leaving.raw().close();
  }
  std::set<std::string> heard;
  for (int i = 0; i < kTimes; ++i) {
    const Message message = observer.receive();
    EXPECT_EQ(message.topic, "last/words");
    heard.insert(message.payload);
  }
  EXPECT_EQ(heard.size(), static_cast<std::size_t>(kTimes));
  observer.expect_quiet(100ms);
}

TEST_F(HostileLastWords, T35_PublishFollowedByAnEndOfStreamIsProcessedWithAWill) {
  MqttClient observer = client("observer");
  observer.subscribe("last/#", 1);
  for (int i = 0; i < 20; ++i) {
    MqttClient leaving = connect(with_will("leaving"));
    leaving.raw().send(
        publish_bytes(Version::V5, {.topic = "last/words", .payload = "x", .qos = 1, .packet_id = 1}));
    leaving.raw().finish_sending();
    EXPECT_TRUE(leaving.raw().drain_until_closed());
    EXPECT_EQ(observer.receive().topic, "last/words");
    EXPECT_EQ(observer.receive().topic, "last/will");
  }
}

TEST_F(HostileLastWords, T35_EverythingInFrontOfAnEndOfStreamIsProcessedAfterAPause) {
  constexpr int kTimes = 50;
  MqttClient observer = client("observer");
  observer.subscribe("last/#", 1);
  // The durable session is stored first, and nothing is read meanwhile.
  ConnectOptions leaving = durable("leaving");
  leaving.will = Will{.topic = "last/will", .payload = "gone", .qos = 1};
  std::string story = connect_bytes(leaving);
  for (int i = 0; i < kTimes; ++i) {
    story += publish_bytes(Version::V5, {.topic = "last/words",
                                         .payload = std::to_string(i),
                                         .qos = 1,
                                         .packet_id = static_cast<std::uint16_t>(i + 1)});
  }
  RawClient raw(port());
  raw.send(story + disconnect_bytes(Version::V5));
  raw.finish_sending();
  for (int i = 0; i < kTimes; ++i) EXPECT_EQ(observer.receive().payload, std::to_string(i));
  observer.expect_quiet(100ms);
  EXPECT_TRUE(raw.drain_until_closed());
}

TEST_F(HostileLastWords, T35_PubackFollowedByDisconnectCounts) {
  MqttClient publisher = client("publisher");
  for (int i = 0; i < 20; ++i) {
    MqttClient subscriber = durable_client("subscriber");
    const Message message = receive_one(publisher, subscriber, i, 1);
    ASSERT_EQ(message.payload, std::to_string(i)) << "an acknowledged message came again";
    subscriber.raw().send(ack_bytes(Type::Puback, message.packet_id) + disconnect_bytes(Version::V5));
    subscriber.raw().close();
  }
}

/// Without a DISCONNECT: the end of the stream comes right behind the acknowledgement.
TEST_F(HostileLastWords, T35_PubackFollowedByABareEndOfStreamCounts) {
  MqttClient publisher = client("publisher");
  for (int i = 0; i < 20; ++i) {
    MqttClient subscriber = durable_client("subscriber");
    const Message message = receive_one(publisher, subscriber, i, 1);
    ASSERT_EQ(message.payload, std::to_string(i)) << "an acknowledged message came again";
    subscriber.raw().send(ack_bytes(Type::Puback, message.packet_id));
    if (i % 2 == 0) {
      subscriber.raw().finish_sending();  // the other direction is open still
      EXPECT_TRUE(subscriber.raw().drain_until_closed());
    } else {
      subscriber.raw().close();
    }
  }
}

/// Nothing is left of the exchange: neither PUBLISH nor PUBREL comes on the next connection.
TEST_F(HostileLastWords, T35_PubcompFollowedByABareEndOfStreamCounts) {
  MqttClient publisher = client("publisher");
  for (int i = 0; i < 20; ++i) {
    MqttClient subscriber = durable_client("subscriber");
    const Message message = receive_one(publisher, subscriber, i, 2);
    ASSERT_EQ(message.payload, std::to_string(i)) << "an exchange that was finished came again";
    subscriber.send_ack(Type::Pubrec, message.packet_id);
    subscriber.await_ack(Type::Pubrel, message.packet_id);
    subscriber.raw().send(ack_bytes(Type::Pubcomp, message.packet_id));
    subscriber.raw().close();
  }
  MqttClient subscriber = durable_client("subscriber");
  subscriber.raw().expect_silence();
}

}  // namespace hermod::integration
