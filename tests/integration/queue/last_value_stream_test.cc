// Streams of the real broker that keep the last values: of each key the newest is there, over any restart.

#include <algorithm>
#include <map>

#include "tests/integration/queue/stream_test.h"

namespace hermod::integration {
namespace {

Settings last_values_of_the_shop(Settings more = {}) {
  more.emplace_back("key", "topic");
  more.emplace_back("last_value", "true");
  return stream_of_the_shop(std::move(more));
}

}  // namespace

class LastValueStream : public StreamTest {};

TEST_P(LastValueStream, OfEachKeyTheNewestStaysOverKillsAndStops) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(last_values_of_the_shop());
  publish(1, 100, 5);
  EXPECT_EQ(kept_up_to(100, 5), counted_up(96, 100));
  broker().kill();
  broker().start();
  publish(101, 103, 5);
  EXPECT_EQ(kept_up_to(103, 5), counted_up(99, 103)) << "a start knows the keys, and the next offset";
  broker().stop();
  broker().start();
  publish(104, 104, 5);
  EXPECT_EQ(kept_up_to(104, 5), counted_up(100, 104));
  EXPECT_EQ(kept_up_to(104, 3, "offset:50").size(), 5U) << "a hole is no end";
}

/// What is older may come back with a kill at any moment, and leaves again.
TEST_P(LastValueStream, IsCompactedBehindAKillInTheMiddle) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(last_values_of_the_shop());
  for (int round = 0; round < 4; ++round) {
    publish(round * 40 + 1, round * 40 + 40, 4);
    broker().kill();
    broker().start();
    EXPECT_EQ(kept_up_to(round * 40 + 40, 4), counted_up(round * 40 + 37, round * 40 + 40));
  }
}

TEST_P(LastValueStream, BeginsWithWhatAStreamHas) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(orders({{"kind", "stream"}, {"key", "topic"}}));
  publish(1, 600, 3);
  MqttClient boss = client("boss", GetParam());
  boss.subscribe("$CONTROL/queue/v1/response", 1);
  boss.publish("$CONTROL/queue/v1",
               R"({"commands":[{"command":"edit","queue":"orders","options":{"last_value":true}}]})", 1);
  EXPECT_EQ(boss.receive().payload.find("error"), std::string::npos);
  EXPECT_EQ(kept_up_to(600, 3), counted_up(598, 600));
}

TEST_P(LastValueStream, AMessageWithoutAPayloadStandsForItsKey) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(last_values_of_the_shop());
  publish(1, 6, 2);
  client("publisher", GetParam()).publish("shop/0", "", 1);
  publish(8, 9, 100);
  EXPECT_EQ(kept_up_to(9, 4), (std::vector<std::string>{"5", "", "8", "9"}));
}

TEST_P(LastValueStream, AGroupGoesOnOverHoles) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(last_values_of_the_shop());
  publish(1, 30, 3);
  EXPECT_EQ(kept_up_to(30, 3), counted_up(28, 30));
  const std::string work = "$share/work/$stream/orders/@earliest";
  {
    MqttClient member = client("anna", GetParam());
    member.subscribe(work, 1);
    std::vector<std::string> got = member.receive_payloads(3);
    std::ranges::sort(got);
    EXPECT_EQ(got, counted_up(28, 30));
    member.ping();
    member.drop();
  }
  publish(31, 60, 3);
  EXPECT_EQ(kept_up_to(60, 3), counted_up(58, 60));
  broker().stop();
  broker().start();
  MqttClient member = client("bert", GetParam());
  member.subscribe(work, 1);
  std::vector<std::string> got = member.receive_payloads(3);
  std::ranges::sort(got);
  EXPECT_EQ(got, counted_up(58, 60));
  member.expect_quiet(100ms);
}

TEST_P(LastValueStream, KeepsWhatItsRetentionSays) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(last_values_of_the_shop({{"retention_count", "4"}}));
  publish(1, 40, 1000);
  EXPECT_EQ(kept_up_to(40, 4), counted_up(37, 40)) << "each has a key of its own";
  publish(41, 60, 2);
  const std::vector<std::string> left = kept_up_to(60, 4);
  EXPECT_EQ(left.back(), "60");
  EXPECT_EQ(left[left.size() - 2], "59");
}

INSTANTIATE_TEST_SUITE_P(Versions, LastValueStream, main_versions());

}  // namespace hermod::integration
