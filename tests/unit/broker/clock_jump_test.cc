// Somebody sets the clock by a day while the broker runs, or while it does not. What lasts for a while goes
// by the clock that nobody can set; what has a date is looked at when it is due, and decided once.

#include <memory>

#include "tests/support/temporary_store.h"
#include "tests/unit/broker/path_fixture.h"

namespace hermod::broker::testing {
namespace {

using namespace std::chrono_literals;

constexpr auto kDay = std::chrono::hours{24};

/// Once forward and once back.
class ClockJump : public PathTest, public ::testing::WithParamInterface<std::chrono::hours> {
 protected:
  void set_clock() {
    broker().clock().set_wall(GetParam());
    settle();
  }
  static bool is_back() { return GetParam() < 0h; }
  /// A watcher of "w".
  FakeClient watch() {
    FakeClient watcher = login("watcher");
    subscribe(watcher, "w", kQoS0);
    return watcher;
  }
  /// A durable session on "a", whose client is away.
  void leave_sleeper() {
    FakeClient sleeper = login({.client_id = "sleeper", .durable = true});
    subscribe(sleeper, "a", kQoS1);
    sleeper.peer().drop(0);
    settle();
  }
  std::vector<test::Arrived> wake_sleeper() {
    FakeClient sleeper = call({.client_id = "sleeper", .durable = true});
    settle();
    std::vector<test::Arrived> messages;
    for (test::Arrived& packet : sleeper.receive())
      if (packet.type == PacketType::Publish) messages.push_back(std::move(packet));
    return messages;
  }
};
INSTANTIATE_TEST_SUITE_P(ByADay, ClockJump, ::testing::Values(kDay, -kDay),
                         [](const auto& tested) { return tested.param > 0h ? "Forward" : "Back"; });

TEST_P(ClockJump, T69_KeepAliveGoesByTimeThatPassed) {
  FakeClient client = login({.client_id = "c", .keep_alive = 10});
  broker().pass(5s);
  set_clock();
  broker().pass(9s);
  EXPECT_EQ(counted(Counter::KeepAliveTimeouts), 0);
  broker().pass(2s);
  EXPECT_EQ(counted(Counter::KeepAliveTimeouts), 1);
}

TEST_P(ClockJump, T69_ConnectTimeoutGoesByTimeThatPassed) {
  const auto patience = std::chrono::duration_cast<std::chrono::milliseconds>(options_.mqtt.connect_timeout);
  auto peer = broker().connect(0);
  broker().pass(patience / 2);
  set_clock();
  broker().pass(patience / 2 - 500ms);
  EXPECT_FALSE(peer->is_ended_by_broker());
  broker().pass(1s);
  EXPECT_TRUE(peer->is_ended_by_broker());
}

TEST_P(ClockJump, T69_WillComesAfterItsDelayAndOnce) {
  FakeClient watcher = watch();
  FakeClient mortal =
      login({.client_id = "c", .durable = true, .will = Testament{.topic = "w", .delay = 100}});
  mortal.peer().drop(0);
  settle();
  broker().pass(50s);
  set_clock();
  broker().pass(49s);
  EXPECT_THAT(heard(watcher), IsEmpty());
  broker().pass(2s);
  EXPECT_THAT(heard(watcher), ElementsAre("PUBLISH w=will"));
  set_clock();
  broker().pass(200s, 1s);
  EXPECT_THAT(heard(watcher), IsEmpty());
}

TEST_P(ClockJump, T69_SessionEndsAfterItsExpiryInterval) {
  login({.client_id = "c", .expiry = 100}).peer().drop(0);
  settle();
  broker().pass(50s);
  set_clock();
  broker().pass(49s);
  EXPECT_TRUE(broker().directory().find("c").has_value());
  broker().pass(2s);
  EXPECT_FALSE(broker().directory().find("c").has_value());
}

/// The one timer of an acknowledgement: how long the PUBACK waits to be spared its write.
TEST_P(ClockJump, T69_AnAckThatWaitsForItsReceiversGoesByTimeThatPassed) {
  options_.store.elide_wait = 20ms;
  FakeClient receiver = login({.client_id = "receiver", .durable = true});
  subscribe(receiver, "a", kQoS1);
  FakeClient publisher = login("pub");
  publish(publisher, {"a", "first", kQoS1, 1});
  settle();
  for (const test::Arrived& packet : receiver.receive()) receiver.ack(PacketType::Puback, packet.id);
  broker().pass(40ms, 1ms);
  ASSERT_THAT(heard(publisher), ElementsAre("PUBACK #1")) << "with the reservation of the queue's sequences";
  publish(publisher, {"a", "second", kQoS1, 2});
  broker().pass(10ms, 1ms);
  set_clock();
  broker().pass(8ms, 1ms);
  EXPECT_THAT(heard(publisher), IsEmpty());
  broker().pass(5ms, 1ms);
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #2"));
}

TEST_P(ClockJump, T69_AMessageExpiresAtItsDateOrNotYetAndIsCountedOnce) {
  leave_sleeper();
  FakeClient publisher = login("pub");
  publish(publisher, {.topic = "a", .payload = "dated", .qos = kQoS1, .id = 1, .expiry = 60});
  publish(publisher, {.topic = "a", .payload = "for ever", .qos = kQoS1, .id = 2});
  settle();
  set_clock();
  const auto messages = wake_sleeper();
  if (is_back()) {
    ASSERT_EQ(messages.size(), 2U);
    EXPECT_EQ(messages[0].message_expiry, 60U) << "never more than the publisher gave [MQTT-3.3.2-6]";
    EXPECT_EQ(counted(Counter::DroppedExpired), 0);
  } else {
    ASSERT_EQ(messages.size(), 1U);
    EXPECT_EQ(messages[0].payload, "for ever");
    EXPECT_EQ(counted(Counter::DroppedExpired), 1);
    broker().clock().set_wall(-2 * kDay);
    broker().pass(120s, 1s);
    EXPECT_EQ(counted(Counter::DroppedExpired), 1);
    EXPECT_EQ(wake_sleeper().size(), 1U) << "what expired does not come back with the clock";
  }
}

TEST_P(ClockJump, T69_ARetainedMessageIsJudgedWhenItIsAskedFor) {
  FakeClient publisher = login("pub");
  publish(publisher, {.topic = "a", .payload = "kept", .qos = kQoS1, .id = 1, .retain = true, .expiry = 60});
  settle();
  set_clock();
  FakeClient reader = login("reader");
  reader.subscribe({1}, {{"a", kQoS0}});
  settle();
  const auto packets = reader.receive();
  ASSERT_EQ(packets.size(), is_back() ? 2U : 1U);
  if (is_back()) {
    EXPECT_EQ(packets[1].message_expiry, 60U);
  }
}

/// Over a store on disk, because what is set while the broker is down meets the dates in it.
class ClockJumpAtStart : public ::testing::TestWithParam<std::chrono::hours> {
 protected:
  static Options options() {
    Options options;
    options.threads = 1;
    options.allow_anonymous = true;
    options.store.max_size = std::uint64_t{64} << 20;
    return options;
  }
  FakeClient call(std::string_view client_id, std::uint32_t expiry, std::uint32_t will_delay = 0) {
    auto peer = broker_->connect(0);
    peer->make_room(kPlenty);
    FakeClient client(std::move(peer), kV5);
    wire::Connect packet;
    packet.version = kV5;
    packet.client_id = client_id;
    wire::PropertyWriter properties;
    properties.add(wire::PropertyId::SessionExpiryInterval, expiry);
    packet.properties = properties.properties();
    wire::PropertyWriter will;
    if (will_delay != 0) {
      will.add(wire::PropertyId::WillDelayInterval, will_delay);
      packet.will = wire::Will{.topic = "w", .properties = will.properties()};
    }
    client.connect(packet);
    broker_->settle();
    client.receive();
    return client;
  }
  void crash_and_set_clock() {
    disk_.cut_power();
    broker_.reset();
    disk_.lose();
    clock_.set_wall(GetParam());
    disk_.open();
    broker_ = std::make_unique<test::SteppedBroker>(options(), ground());
    broker_->settle();
  }
  bool is_there(std::string_view client_id) { return broker_->directory().find(client_id).has_value(); }
  static bool is_back() { return GetParam() < 0h; }

 private:
  test::SteppedBroker::Ground ground() { return {clock_, counters_, disk_}; }

 protected:
  test::ManualClock clock_;
  Counters counters_{2};
  test::TemporaryStore disk_{options().store, clock_};
  std::unique_ptr<test::SteppedBroker> broker_ = std::make_unique<test::SteppedBroker>(options(), ground());
};
INSTANTIATE_TEST_SUITE_P(ByADay, ClockJumpAtStart, ::testing::Values(kDay, -kDay),
                         [](const auto& tested) { return tested.param > 0h ? "Forward" : "Back"; });

/// The session was away, so its dates are in the store.
TEST_P(ClockJumpAtStart, T69_DatesOfSessionsAreEvaluatedOnceAtTheStart) {
  call("away", 1000, /*will_delay=*/500).peer().drop(0);
  call("watcher", 100'000).subscribe({1}, {{"w", kQoS1}});
  broker_->settle();
  broker_->pass(100s, 10s);
  crash_and_set_clock();
  broker_->pass(1s);
  if (is_back()) {
    // Nobody can know how long it was away: not at all, as far as the dates go.
    broker_->pass(498s, 10s);
    EXPECT_EQ(counters_.total(Counter::WillsPublished), 0U);
    broker_->pass(11s, 10s);
    EXPECT_EQ(counters_.total(Counter::WillsPublished), 1U);
    broker_->pass(489s, 10s);
    EXPECT_TRUE(is_there("away"));
    broker_->pass(11s, 10s);
  }
  EXPECT_FALSE(is_there("away"));
  EXPECT_EQ(counters_.total(Counter::WillsPublished), 1U);
  // The clock is set right again, and nothing is decided anew.
  clock_.set_wall(-GetParam());
  broker_->pass(2000s, 100s);
  EXPECT_FALSE(is_there("away"));
  EXPECT_EQ(counters_.total(Counter::WillsPublished), 1U);
}

/// The client was there: its clocks begin with the start, whatever the date is.
TEST_P(ClockJumpAtStart, T69_WhoWasConnectedHasItsWholeIntervals) {
  const FakeClient there = call("there", 1000, /*will_delay=*/500);
  broker_->pass(100s, 10s);
  crash_and_set_clock();
  broker_->pass(499s, 10s);
  EXPECT_EQ(counters_.total(Counter::WillsPublished), 0U);
  broker_->pass(2s);
  EXPECT_EQ(counters_.total(Counter::WillsPublished), 1U);
  broker_->pass(498s, 10s);
  EXPECT_TRUE(is_there("there"));
  broker_->pass(2s);
  EXPECT_FALSE(is_there("there"));
}

}  // namespace
}  // namespace hermod::broker::testing
