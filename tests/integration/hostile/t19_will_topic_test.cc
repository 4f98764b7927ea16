#include "tests/integration/hostile/hostile_test.h"

namespace hermod::integration {

TEST_F(Hostile, T19_WillTopicNobodyMayPublishToIsRefusedAtConnect) {
  for (const Version version : kMainVersions) {
    for (const char* topic :
         {"", "a/#", "a/+/b", "#", "$CONTROL/queue/v1", "$SYS/broker/version", "$unknown/x"}) {
      for (const bool retain : {false, true}) {
        const Will will{.topic = topic, .payload = "gone", .qos = 1, .retain = retain};
        expect_connect_refused(version,
                               connect_bytes({.client_id = "mortal", .version = version, .will = will}),
                               {reason::kTopicNameInvalid, reason::kMalformedPacket, reason::kProtocolError});
      }
    }
  }
}

}  // namespace hermod::integration
