#include "tests/support/broker_test.h"
#include "tests/support/settings.h"

namespace hermod::integration {

/// What `$SYS` says of a store without room: from outside, that is how an operator hears of it.
class FullStoreInSys : public BrokerTest {
 protected:
  void SetUp() override {
    HERMOD_NEEDS_OWN_BROKER();
    start_with({{setting::kSysInterval, "1s"},
                {"store.max_size", "64MiB"},
                {"store.checkpoint_size", "1MiB"},
                {"session.max_queued_bytes", "1GiB"}});
  }
};

TEST_F(FullStoreInSys, SaysSoUntilAConsumerHasMadeRoom) {
  MqttClient sleeper = durable_client("sleeper");
  sleeper.subscribe("work", 1);
  sleeper.disconnect();
  MqttClient watcher = client("watcher");
  watcher.subscribe("$SYS/broker/store/state", 0);
  wait_for_payload(watcher, "ok");
  MqttClient publisher = client("publisher");
  const std::string payload(1'000'000, '.');
  std::size_t kept = 0;
  std::string state = "ok";
  // Behind each message is a checkpoint of its own, and the disk may be busy.
  const auto deadline = Clock::now() + kPatience * 12;
  while (state != "full") {
    ASSERT_LT(Clock::now(), deadline) << kept << " messages were taken";
    const std::uint8_t answer = publisher.publish("work", payload, 1).reason;
    if (answer == 0) ++kept;
    EXPECT_TRUE(answer == 0 || answer == reason::kQuotaExceeded) << int{answer};
    if (const auto message = watcher.try_receive(1ms)) state = message->payload;
  }
  EXPECT_EQ(publisher.publish("work", payload, 1).reason, reason::kQuotaExceeded);
  MqttClient bytes = client("bytes");
  bytes.subscribe("$SYS/broker/store/bytes/used", 0);
  EXPECT_GT(std::stoull(bytes.receive().payload), 40'000'000U);
  durable_client("sleeper").receive_payloads(kept);
  wait_for_payload(watcher, "ok");
  EXPECT_EQ(publisher.publish("work", payload, 1).reason, 0);
}

}  // namespace hermod::integration
