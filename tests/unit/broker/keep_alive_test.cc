// Whose silence ends a connection, and whose does not. [MQTT-3.1.2-22]

#include "tests/unit/broker/path_fixture.h"

namespace hermod::broker::testing {
namespace {

class KeepAlive : public PathTest {
 protected:
  KeepAlive() { options_.limits.outbound_buffer = 64 * 1024; }
  static bool is_read(FakeClient& client) { return !client.peer().transport()->is_paused(); }
  /// QoS 0 to "a" until the broker reads the publisher no more.
  void send_until_paused(FakeClient& publisher) {
    for (int i = 0; i < 1000 && is_read(publisher); ++i) {
      publish(publisher, {"a", std::string(1000, 'x')});
      settle();
    }
    ASSERT_FALSE(is_read(publisher));
  }
};

TEST_F(KeepAlive, AClientThatDoesNotReadItsAnswersIsNotExcused) {
  FakeClient client = login({.client_id = "c", .keep_alive = 2});
  client.peer().stall();
  for (int i = 0; i < 100'000; ++i) client.ping();
  settle();
  ASSERT_FALSE(is_read(client));
  broker().pass(std::chrono::seconds{4});
  EXPECT_EQ(counted(Counter::KeepAliveTimeouts), 1);
  EXPECT_EQ(broker().directory().find("c"), std::nullopt);
}

TEST_F(KeepAlive, AClientThatReadsItsAnswersInTimeGoesOn) {
  FakeClient client = login({.client_id = "c", .keep_alive = 2});
  client.peer().stall();
  for (int i = 0; i < 100'000; ++i) client.ping();
  settle();
  broker().pass(std::chrono::milliseconds{2900});
  client.peer().make_room(kPlenty);
  settle();
  EXPECT_EQ(client.receive().size(), 100'000U);
  broker().pass(std::chrono::milliseconds{2900});
  EXPECT_EQ(counted(Counter::KeepAliveTimeouts), 0);
}

/// The end of the wait and the Keep Alive fall into one look at the clock; the PINGREQ has come long ago.
TEST_F(KeepAlive, WhatAPublisherSentWhileItWasNotReadIsLookedAtBeforeItsTimeIsOver) {
  options_.limits.slow_reader_patience = std::chrono::milliseconds{2900};
  FakeClient slow = call({.client_id = "slow"});
  slow.subscribe({1}, {{"a", kQoS0}});
  settle();
  slow.peer().stall();
  FakeClient publisher = login({.client_id = "pub", .keep_alive = 2});
  send_until_paused(publisher);
  publisher.ping();
  broker().pass(std::chrono::seconds{4}, std::chrono::seconds{4});
  EXPECT_THAT(heard(publisher), ElementsAre("PINGRESP"));
}

}  // namespace
}  // namespace hermod::broker::testing
