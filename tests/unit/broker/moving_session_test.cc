// Messages on their way to a session that moves to another shard.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/fake_client.h"
#include "tests/support/stepped_broker.h"
#include "wire/property_writer.h"

namespace hermod::broker {
namespace {

using test::FakeClient;
using ::testing::ElementsAre;
using wire::PacketType;
using wire::PropertyId;
using wire::Version;

constexpr std::size_t kOldShard = 0;
constexpr std::size_t kPublisherShard = 1;
constexpr std::size_t kNewShard = 2;

class MovingSession : public ::testing::Test {
 protected:
  static Options three_shards() {
    Options options;
    options.threads = 3;
    options.allow_anonymous = true;
    return options;
  }

  /// A CONNECT that nobody has read yet.
  FakeClient connect(std::string_view client_id, std::size_t shard) {
    auto peer = broker_.connect(shard);
    peer->make_room(std::size_t{1} << 30);
    FakeClient client(peer, Version::Mqtt5);
    wire::PropertyWriter properties;
    properties.add(PropertyId::SessionExpiryInterval, 1000);
    wire::Connect packet;
    packet.version = Version::Mqtt5;
    packet.client_id = client_id;
    packet.clean_start = false;
    packet.properties = properties.properties();
    client.connect(packet);
    return client;
  }

  /// The publisher's shard reads it and knows where it goes, and has not sent it there yet.
  static void publish(FakeClient& publisher, std::string_view payload) {
    wire::Publish packet;
    packet.topic = "a";
    packet.payload = as_bytes(payload);
    publisher.publish(packet);
    publisher.peer().transport()->on_ready();
  }

  test::SteppedBroker broker_{three_shards()};
};

/// What was sent to the old shard may arrive late; QoS 0 is sent now or never. [MQTT-4.6.0-6]
TEST_F(MovingSession, AQoS0MessageThatMissedItDoesNotComeBehindALaterOne) {
  FakeClient publisher = connect("publisher", kPublisherShard);
  FakeClient before = connect("subscriber", kOldShard);
  broker_.settle();
  before.subscribe(wire::PacketId{1}, {{"a", wire::QoS::AtMostOnce, false, false, {}}});
  broker_.settle();

  publish(publisher, "first");
  FakeClient after = connect("subscriber", kNewShard);
  after.peer().transport()->on_ready();
  for (int round = 0; round < 4; ++round) {
    broker_.step(kNewShard);
    broker_.step(kOldShard);
    broker_.commit();
  }
  ASSERT_TRUE(broker_.directory().slots().locate(*broker_.directory().find("subscriber"))->online);
  publish(publisher, "second");
  broker_.settle();

  std::vector<std::string> payloads;
  for (const test::Arrived& packet : after.receive())
    if (packet.type == PacketType::Publish) payloads.push_back(packet.payload);
  EXPECT_THAT(payloads, ElementsAre("second"));
}

}  // namespace
}  // namespace hermod::broker
