#include "tests/integration/hostile/hostile_test.h"

namespace hermod::integration {

TEST_F(Hostile, T06_EmptyTopicWithoutAliasIsAProtocolError) {
  for (std::uint8_t qos = 0; qos <= 2; ++qos) {
    for (const Version version : kMainVersions) {
      expect_ended(version, publish_bytes(version, {.topic = "", .payload = "x", .qos = qos, .packet_id = 1}),
                   {reason::kProtocolError});
    }
  }
}

}  // namespace hermod::integration
