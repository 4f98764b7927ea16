#include "tests/support/broker_test.h"

namespace hermod::integration {

using UnicodeTopics = VersionedBrokerTest;

// [MQTT-1.5.4-3], 4.7.3: characters are compared by their bytes, nothing is normalised or skipped.
TEST_P(UnicodeTopics, DifferentBytesAreDifferentTopics) {
  MqttClient both = client("both", GetParam());
  const std::string composed = "caf\xC3\xA9";
  const std::string decomposed = "cafe\xCC\x81";
  const std::string marked = "\xEF\xBB\xBF" + composed;
  both.subscribe(composed, 1);
  both.publish(decomposed, "decomposed", 1);
  both.publish(marked, "with U+FEFF", 1);
  both.publish(composed, "composed", 1);
  EXPECT_EQ(both.receive().payload, "composed");
}

TEST_P(UnicodeTopics, EveryLengthOfCharacterWorks) {
  MqttClient both = client("both", GetParam());
  for (const char* character : {"\x7E", "\xC2\xA1", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF",
                                "\xEE\x80\x80", "\xEF\xBF\xBD", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBD"}) {
    const std::string topic = "unicode/" + std::string(character);
    both.subscribe(topic, 1);
    both.publish(topic, "x", 1);
    EXPECT_EQ(both.receive().topic, topic);
  }
}

INSTANTIATE_TEST_SUITE_P(Main, UnicodeTopics, main_versions());

}  // namespace hermod::integration
