#include <map>

#include "tests/support/broker_test.h"
#include "tests/support/settings.h"

namespace hermod::integration {

/// The $SYS tree: retained, brought up to date at the configured interval.
class Statistics : public BrokerTest {
 protected:
  void SetUp() override {
    HERMOD_NEEDS_OWN_BROKER();
    start_with({{setting::kSysInterval, "1s"}});
  }
};

TEST_F(Statistics, VersionIsRetained) {
  MqttClient reader = client("reader");
  reader.subscribe("$SYS/broker/version", 0);
  EXPECT_EQ(reader.receive().payload, "hermod version " HERMOD_VERSION);
}

TEST_F(Statistics, ConnectedClientsAndSubscriptionsAreCounted) {
  std::vector<MqttClient> others;
  for (int i = 0; i < 4; ++i) {
    others.push_back(client("other-" + std::to_string(i)));
    others.back().subscribe("some/topic", 0);
  }
  MqttClient counting_clients = client("clients");
  counting_clients.subscribe("$SYS/broker/clients/connected", 0);
  MqttClient counting_subscriptions = client("subscriptions");
  counting_subscriptions.subscribe("$SYS/broker/subscriptions/count", 0);
  wait_for_payload(counting_clients, "6");
  wait_for_payload(counting_subscriptions, "6");
  others.back().disconnect();
  others.pop_back();
  wait_for_payload(counting_clients, "5");
  wait_for_payload(counting_subscriptions, "5");
}

TEST_F(Statistics, SocketWithoutConnectIsNoClient) {
  MqttClient reader = client("reader");
  const RawClient silent[] = {RawClient(port()), RawClient(port()), RawClient(port())};
  reader.subscribe("$SYS/broker/clients/connected", 0);
  wait_for_payload(reader, "1");
  const MqttClient second = client("second");  // counted later than the sockets
  wait_for_payload(reader, "2");
}

TEST_F(Statistics, StoreBytesAreWhatWasAcceptedAndWhatWasWrittenForIt) {
  constexpr std::uint64_t kBytes = 20'000;
  client("publisher")
      .publish({.topic = "kept", .payload = std::string(kBytes, 'x'), .qos = 1, .retain = true});
  MqttClient reader = client("reader");
  reader.subscribe("$SYS/broker/store/bytes/#", 0);
  std::map<std::string, std::uint64_t> bytes;
  const auto deadline = Clock::now() + kPatience;
  while (bytes["accepted"] < kBytes || bytes["written"] < bytes["accepted"]) {
    ASSERT_LT(Clock::now(), deadline);
    if (const auto message = reader.try_receive(100ms))
      bytes[message->topic.substr(message->topic.rfind('/') + 1)] = std::stoull(message->payload);
  }
  EXPECT_EQ(bytes["journal"] % 4096, 0U);
}

TEST_F(Statistics, OnlyFiltersThatNameTheTreeFindIt) {
  MqttClient blind = client("blind");
  for (const char* filter : {"#", "+/broker/#", "+/broker/version"}) blind.subscribe(filter, 0);
  MqttClient seeing = client("seeing");
  seeing.subscribe("$SYS/#", 0);
  EXPECT_TRUE(seeing.receive().topic.starts_with("$SYS/broker/"));
  blind.expect_quiet(1200ms);
}

}  // namespace hermod::integration
