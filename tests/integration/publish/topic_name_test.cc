#include "tests/support/broker_test.h"

namespace hermod::integration {

class TopicName : public VersionedBrokerTest {
 protected:
  void expect_refused(const std::string& topic) {
    MqttClient publisher = client("publisher", GetParam());
    publisher.send_publish({.topic = topic, .payload = "x", .qos = 1});
    if (is_v5()) {
      // 3.3.2.1: either the message is refused by its PUBACK, or the connection ends.
      const Packet answer = publisher.raw().next();
      if (answer.type == Type::Puback) {
        EXPECT_EQ(parse_ack(Version::V5, Type::Puback, answer).reason, reason::kTopicNameInvalid);
        return;
      }
      const std::uint8_t given = parse_disconnect(answer).reason;
      EXPECT_TRUE(given == reason::kTopicNameInvalid || given == reason::kProtocolError ||
                  given == reason::kMalformedPacket)
          << int{given};
    }
    publisher.raw().expect_close();
  }
};

// [MQTT-3.3.2-2]
TEST_P(TopicName, WildcardsAreRefused) {
  for (const char* topic : {"#", "+", "a/#", "a/+/b", "a+", "a#b"}) expect_refused(topic);
  expect_service();
}

TEST_P(TopicName, UnusualNamesAreNormal) {
  MqttClient both = client("both", GetParam());
  both.subscribe("#", 1);
  for (const char* topic :
       {"/", "//", "a//b", "/a", "a/", " ", "a b", "A", "\xE6\x97\xA5/\xF0\x9F\x98\x80", "a$b", "a/$b",
        "\xEF\xBB\xBF"
        "bom"}) {
    both.publish(topic, "x", 1);
    EXPECT_EQ(both.receive().topic, topic);
  }
}

INSTANTIATE_TEST_SUITE_P(Main, TopicName, main_versions());

}  // namespace hermod::integration
