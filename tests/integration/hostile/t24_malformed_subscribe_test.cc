#include "tests/integration/hostile/hostile_test.h"

namespace hermod::integration {

TEST_F(Hostile, T24_RepeatedMalformedSubscribesDoNotLeak) {
  for (const Version version : kMainVersions) {
    BodyBuilder body;
    body.u16(1);
    if (version == Version::V5) body.u8(0);
    for (int i = 0; i < 50; ++i) body.text("leak/" + std::string(200, 'x') + std::to_string(i)).u8(1);
    body.text("wrong").u8(3);
    const std::string subscribe = packet_bytes(0x82, body.bytes());
    expect_no_growth(300, [&] {
      MqttClient subscriber = client("subscriber", version);
      subscriber.raw().try_send(subscribe);
      EXPECT_TRUE(subscriber.raw().drain_until_closed());
    });
  }
}

}  // namespace hermod::integration
