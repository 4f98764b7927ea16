#include "tests/integration/hostile/hostile_test.h"

namespace hermod::integration {

TEST_F(Hostile, T21_TopicsOfSlashesDoNotHurt) {
  const std::string slashes(65535, '/');
  for (const Version version : kMainVersions) {
    for (const std::string& bytes :
         {publish_bytes(version, {.topic = slashes, .payload = "x"}),
          publish_bytes(version,
                        {.topic = slashes, .payload = "x", .qos = 1, .retain = true, .packet_id = 1}),
          subscribe_bytes(version, 1, {{slashes, 1}}),
          subscribe_bytes(version, 1, {{slashes.substr(1) + "#", 1}}),
          unsubscribe_bytes(version, 1, {slashes})}) {
      RawClient raw(port());
      raw.send(connect_bytes({.client_id = "slashes", .version = version}) + bytes + pingreq_bytes());
      // Whatever the answer, it comes: a close or a PINGRESP.
      bool answered = false;
      while (!answered) {
        const auto packet = raw.poll(kPatience);
        ASSERT_TRUE(packet || raw.closed());
        if (packet && packet->type == Type::Suback) {
          EXPECT_EQ(parse_ack(version, Type::Suback, *packet).reasons.at(0),
                    version == Version::V5 ? reason::kTopicFilterInvalid : 0x80)
              << "deeper than the limit";
        }
        if (packet && packet->type == Type::Puback) {
          EXPECT_EQ(parse_ack(version, Type::Puback, *packet).reason, reason::kTopicNameInvalid);
        }
        answered = raw.closed() || packet->type == Type::Pingresp || packet->type == Type::Disconnect;
      }
    }
  }
}

}  // namespace hermod::integration
