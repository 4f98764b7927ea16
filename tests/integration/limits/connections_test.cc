#include "tests/support/broker_test.h"
#include "tests/support/settings.h"

namespace hermod::integration {

using ConnectionLimit = BrokerTest;

TEST_F(ConnectionLimit, OneTooManyIsRefusedAndTheOthersStay) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with({{setting::kMaxConnections, "5"}});
  std::vector<MqttClient> clients;
  clients.reserve(5);
  for (int i = 0; i < 5; ++i) clients.push_back(client("client-" + std::to_string(i)));

  for (const Version version : {Version::V311, Version::V5}) {
    RawClient refused(port());
    refused.try_send(connect_bytes({.client_id = "one-more", .version = version}));
    if (const auto answer = refused.poll(kPatience)) {
      const std::uint8_t given = parse_connack(version, *answer).reason;
      if (version == Version::V5) {
        EXPECT_TRUE(given == reason::kQuotaExceeded || given == reason::kServerBusy) << int{given};
      } else {
        EXPECT_EQ(given, return_code::kServerUnavailable);
      }
    }
    EXPECT_TRUE(refused.drain_until_closed());
  }
  for (MqttClient& connected : clients) connected.ping();

  clients.back().disconnect();
  clients.pop_back();
  clients.push_back(client("takes-the-place"));
  clients.back().ping();
  clients.pop_back();
}

}  // namespace hermod::integration
