// What is due without a packet: wills behind their delay, sessions behind their expiry.

#include <gtest/gtest.h>

#include <chrono>
#include <optional>

#include "tests/support/fake_client.h"
#include "tests/support/stepped_broker.h"
#include "wire/property_writer.h"

namespace hermod::broker {
namespace {

using test::FakeClient;
using wire::PacketType;
using wire::PropertyId;
using wire::Version;

constexpr std::size_t kPlenty = std::size_t{1} << 30;

class Deadlines : public ::testing::Test {
 protected:
  Deadlines() {
    Options options;
    options.threads = 1;
    options.allow_anonymous = true;
    broker_.emplace(options);
  }

  FakeClient login(wire::Connect packet) {
    auto peer = broker_->connect(0);
    peer->make_room(kPlenty);
    FakeClient client(peer, Version::Mqtt5);
    wire::PropertyWriter properties;
    properties.add(PropertyId::SessionExpiryInterval, 1000);
    packet.version = Version::Mqtt5;
    packet.properties = properties.properties();
    client.connect(packet);
    broker_->settle();
    EXPECT_EQ(client.receive().size(), 1U);
    return client;
  }

  std::optional<test::SteppedBroker> broker_;
};

/// The Keep Alive that ran out first arms the deadlines anew, inside the very look at the clock in which the
/// will is due too. A client that comes back now comes too late for its will.
TEST_F(Deadlines, AWillIsNotPutOffByWhatEndsInTheSameTick) {
  wire::Connect connect;
  connect.client_id = "watcher";
  FakeClient watcher = login(connect);
  watcher.subscribe(wire::PacketId{1}, {{"w", wire::QoS::AtMostOnce, false, false, {}}});
  broker_->settle();
  watcher.receive();

  connect.client_id = "leaves";
  wire::Will will;
  will.topic = "w";
  wire::PropertyWriter delay;
  delay.add(PropertyId::WillDelayInterval, 5);
  will.properties = delay.properties();
  connect.will = will;
  login(connect).peer().drop(0);
  broker_->settle();

  connect.client_id = "falls silent";
  connect.will.reset();
  connect.keep_alive = 2;
  FakeClient silent = login(connect);

  broker_->clock().advance(std::chrono::seconds(6));
  broker_->run_timers(0);
  broker_->step(0);
  broker_->commit();
  broker_->step(0);
  const auto heard = watcher.receive();
  ASSERT_EQ(heard.size(), 1U);
  EXPECT_EQ(heard.front().type, PacketType::Publish);
  EXPECT_EQ(heard.front().topic, "w");
}

}  // namespace
}  // namespace hermod::broker
