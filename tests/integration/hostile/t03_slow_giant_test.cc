#include "tests/integration/hostile/hostile_test.h"
#include "tests/support/settings.h"

namespace hermod::integration {

namespace {

constexpr int kConnections = 1000;

}  // namespace

TEST_F(Hostile, T03_GiantConnectIsRefusedByItsLength) {
  // 256 MB announced, a few bytes sent.
  expect_connect_refused(Version::V5, hex("10 FF FF FF 7F 00 04") + "MQTT");
  expect_close_without_answer(hex("30 FF FF FF 7F 00 04"));
  // Little more than a CONNECT may have: 65,537 bytes.
  expect_connect_refused(Version::V5, hex("10 81 80 04 00 04") + "MQTT", {reason::kPacketTooLarge});
}

TEST_F(Hostile, T03_ManySlowConnectsCostLittleAndTimeOut) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with({{setting::kConnectTimeout, "2s"}});
  const std::size_t before = broker().process().resident_bytes();
  // A CONNECT of 60,000 bytes would be allowed; only its beginning is sent.
  const std::string beginning =
      connect_bytes(
          {.client_id = "x", .username = std::string(29900, 'u'), .password = std::string(29900, 'p')})
          .substr(0, 30000);
  std::vector<RawClient> slow;
  slow.reserve(kConnections);
  for (int i = 0; i < kConnections; ++i) {
    slow.emplace_back(port());
    slow.back().try_send(beginning);
  }
  if (!kSanitized) {
    EXPECT_LT(broker().process().resident_bytes(), before + kConnections * 80000U);
  }
  // Another byte of each does not buy it more time.
  std::this_thread::sleep_for(1s);
  for (RawClient& raw : slow) raw.try_send("x", 10ms);
  const auto start = Clock::now();
  for (RawClient& raw : slow) EXPECT_TRUE(raw.drain_until_closed(scaled(6s)));
  EXPECT_LT(since(start), scaled(6s));
}

}  // namespace hermod::integration
