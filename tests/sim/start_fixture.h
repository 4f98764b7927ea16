#pragma once
// A broker over a real store, which crashes and starts again.

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/log.h"
#include "broker/options.h"
#include "tests/support/fake_client.h"
#include "tests/support/stepped_broker.h"
#include "tests/support/temporary_store.h"
#include "wire/property_writer.h"

namespace hermod::test {

inline constexpr std::size_t kWholeSlice = std::size_t{1} << 30;

/// A broker of one shard over a real store, whose sessions last for an hour.
class StartTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { log::set_level(log::Level::Error); }
  static broker::Options options() {
    broker::Options options;
    options.threads = 1;
    options.allow_anonymous = true;
    options.session.max_inflight = 1;
    options.store.max_size = std::uint64_t{64} << 20;
    return options;
  }

  SteppedBroker& broker() { return *broker_; }
  /// The CONNECT is on its way.
  FakeClient call(std::string_view client_id, bool with_will = false, std::uint32_t expiry = 3600,
                  bool clean = false) {
    auto peer = broker().connect(0);
    peer->make_room(kWholeSlice);
    FakeClient client(std::move(peer), wire::Version::Mqtt5);
    wire::Connect packet;
    packet.version = wire::Version::Mqtt5;
    packet.client_id = client_id;
    packet.clean_start = clean;
    wire::PropertyWriter properties;
    if (expiry != 0) properties.add(wire::PropertyId::SessionExpiryInterval, expiry);
    packet.properties = properties.properties();
    if (with_will) packet.will = wire::Will{.topic = "a", .qos = wire::QoS::AtLeastOnce};
    client.connect(packet);
    return client;
  }
  FakeClient login(std::string_view client_id, bool with_will = false, std::uint32_t expiry = 3600) {
    FakeClient client = call(client_id, with_will, expiry);
    broker().settle();
    EXPECT_EQ(client.receive().size(), 1U);
    return client;
  }
  void subscribe(FakeClient& client, std::string_view filter = "a", wire::QoS qos = wire::QoS::AtLeastOnce) {
    client.subscribe({1}, {{filter, qos}});
    broker().settle();
    EXPECT_EQ(client.receive().size(), 1U);
  }
  void publish(FakeClient& client, std::uint16_t id, wire::QoS qos = wire::QoS::AtLeastOnce,
               std::uint32_t expiry = 0) {
    wire::Publish packet;
    packet.topic = "a";
    publish(client, id, packet, qos, expiry);
  }
  /// The packet, with these filled in.
  void publish(FakeClient& client, std::uint16_t id, wire::Publish packet, wire::QoS qos,
               std::uint32_t expiry) {
    packet.qos = qos;
    packet.id = {id};
    wire::PropertyWriter properties;
    if (expiry != 0) properties.add(wire::PropertyId::MessageExpiryInterval, expiry);
    packet.properties = properties.properties();
    client.publish(packet);
  }
  /// Everything that comes, acknowledged; the payloads.
  std::vector<std::string> take(FakeClient& client) {
    std::vector<std::string> all;
    for (bool more = true; more;) {
      broker().settle();
      more = false;
      for (const Arrived& one : client.receive()) {
        if (one.type != wire::PacketType::Publish) continue;
        all.push_back(one.payload);
        client.ack(wire::PacketType::Puback, one.id);
        more = true;
      }
    }
    return all;
  }
  /// The next commit fails and leaves nothing.
  void fail_next_commit() { disk_.journal().fail_after(0); }
  /// The next commit fails, and is whole on the disk all the same.
  void hide_next_commit() { disk_.journal().fail_after(0, Errc::Io, FaultyJournal::Trace::Whole); }
  store::Store& store() { return disk_.store(); }
  void repair_store() {
    const auto next = disk_.store().reopen_journal();
    ASSERT_TRUE(next.has_value());
    broker().committer().resume(*next);
    broker().settle();
  }
  /// `down`: how long nobody starts it again.
  void crash(std::chrono::seconds down = {}) {
    disk_.cut_power();
    broker_.reset();
    disk_.lose();
    clock_.advance(down);
    disk_.open();
    broker_ = std::make_unique<SteppedBroker>(options(), ground());
  }

 private:
  SteppedBroker::Ground ground() { return {clock_, counters_, disk_}; }

  ManualClock clock_;
  Counters counters_{2};
  TemporaryStore disk_{options().store, clock_};
  std::unique_ptr<SteppedBroker> broker_ = std::make_unique<SteppedBroker>(options(), ground());
};

}  // namespace hermod::test
