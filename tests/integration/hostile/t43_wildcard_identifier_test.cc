#include "tests/integration/hostile/hostile_test.h"

namespace hermod::integration {

TEST_F(Hostile, T43_ClientIdentifiersOfWildcardsAreRefusedOrLiteral) {
  MqttClient bystander = client("bystander");
  bystander.subscribe("private/topic", 1);
  for (const Version version : kMainVersions) {
    for (const char* id : {"#", "+", "/", "a/#", "$SYS", "$share/g/x", "%c", "*"}) {
      RawClient raw(port());
      raw.send(connect_bytes({.client_id = id, .version = version, .username = id, .password = "x"}));
      const Connack connack = parse_connack(version, raw.next());
      if (connack.reason != 0) continue;
      raw.expect_silence(10ms);
    }
  }
  client("publisher").publish("private/topic", "still mine", 1);
  EXPECT_EQ(bystander.receive().payload, "still mine");
}

}  // namespace hermod::integration
