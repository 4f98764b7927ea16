// Several publishers set and clear the same retained messages from several shards, and some expire meanwhile:
// what a subscriber gets, what the index counts, and what a start finds are the same.

#include <map>
#include <memory>
#include <random>

#include "base/log.h"
#include "tests/support/temporary_store.h"
#include "tests/unit/broker/path_fixture.h"

namespace hermod::broker::testing {
namespace {

using namespace std::chrono_literals;

class RetainedStorm : public ::testing::TestWithParam<unsigned> {
 protected:
  static constexpr std::size_t kShards = 3;
  static constexpr int kTopics = 6;
  static void SetUpTestSuite() { log::set_level(log::Level::Error); }

  static Options options() {
    Options options;
    options.threads = kShards;
    options.allow_anonymous = true;
    options.store.max_size = std::uint64_t{64} << 20;
    options.retain.max_messages = 4;  // less than there are topics
    return options;
  }
  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }

  FakeClient login(const std::string& client_id, std::size_t shard) {
    auto peer = broker_->connect(shard);
    peer->make_room(kPlenty);
    FakeClient client(std::move(peer), kV5);
    wire::Connect packet;
    packet.version = kV5;
    packet.client_id = client_id;
    client.connect(packet);
    broker_->settle();
    client.receive();
    return client;
  }
  void publish(FakeClient& from) {
    wire::Publish packet;
    const std::string topic = "r/" + std::to_string(below(kTopics));
    const std::string payload = below(3) == 0 ? "" : std::to_string(++last_payload_);
    packet.topic = topic;
    packet.payload = as_bytes(payload);
    packet.qos = kQoS1;
    packet.id = wire::PacketId{++last_id_};
    packet.retain = true;
    wire::PropertyWriter properties;
    if (below(4) == 0)
      properties.add(wire::PropertyId::MessageExpiryInterval, static_cast<std::uint32_t>(1 + below(5)));
    packet.properties = properties.properties();
    from.publish(packet);
  }
  /// One thing that a thread could do next.
  void move_on() {
    switch (below(6)) {
      case 0:
        broker_->commit();
        break;
      case 1:
        if (below(10) == 0) broker_->clock().advance(1s);
        break;
      default:
        broker_->step(below(kShards));
        break;
    }
  }
  /// What a new subscriber gets.
  std::map<std::string, std::string> retained() {
    FakeClient reader = login("reader " + std::to_string(++readers_), below(kShards));
    reader.subscribe({1}, {{"r/#", kQoS0}});
    broker_->settle();
    std::map<std::string, std::string> found;
    for (const test::Arrived& packet : reader.receive()) {
      if (packet.type != PacketType::Publish) continue;
      EXPECT_TRUE(packet.retain);
      EXPECT_TRUE(found.emplace(packet.topic, packet.payload).second) << packet.topic << " came twice";
    }
    reader.disconnect();
    broker_->settle();
    return found;
  }
  void restart() {
    disk_.cut_power();
    broker_.reset();
    disk_.lose();
    disk_.open();
    broker_ = std::make_unique<test::SteppedBroker>(options(), ground());
    broker_->settle();
  }

 private:
  test::SteppedBroker::Ground ground() { return {clock_, counters_, disk_}; }

 protected:
  std::mt19937_64 random_{GetParam()};
  std::uint16_t last_id_ = 0;
  int last_payload_ = 0;
  int readers_ = 0;
  test::ManualClock clock_;
  Counters counters_{kShards + 1};
  test::TemporaryStore disk_{options().store, clock_};
  std::unique_ptr<test::SteppedBroker> broker_ = std::make_unique<test::SteppedBroker>(options(), ground());
};
INSTANTIATE_TEST_SUITE_P(Seeds, RetainedStorm, ::testing::Range(1U, 9U));

TEST_P(RetainedStorm, T70_SetAndClearAndPurgeLeaveOneTruth) {
  for (int round = 0; round < 6; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    std::vector<FakeClient> publishers;
    for (std::size_t shard = 0; shard < kShards; ++shard)
      publishers.push_back(login("pub " + std::to_string(shard), shard));
    // What arrives live, in the order in which the broker decided.
    FakeClient watcher = login("watcher", below(kShards));
    watcher.subscribe({1}, {{"r/#", kQoS1}});
    broker_->settle();
    watcher.receive();

    last_id_ = 0;
    for (int i = 0; i < 150; ++i) {
      publish(publishers[below(kShards)]);
      while (below(3) != 0) move_on();
      ASSERT_LE(broker_->retained().count(), options().retain.max_messages);
    }
    broker_->settle();
    broker_->pass(6s, 1s);  // everything that expires has
    const auto found = retained();
    // What one more PUBLISH would purge does not count for a subscriber, and nothing else is different.
    std::map<std::string, std::string> last;
    for (auto packets = watcher.receive(); !packets.empty(); packets = watcher.receive()) {
      for (const test::Arrived& packet : packets) {
        watcher.ack(PacketType::Puback, packet.id);
        last[packet.topic] = packet.message_expiry ? "" : packet.payload;
      }
      broker_->settle();
    }
    for (const auto& [topic, payload] : found)
      EXPECT_EQ(payload, last[topic]) << topic << " is not the last one";
    restart();
    EXPECT_EQ(retained(), found) << "after a start";
  }
}

}  // namespace
}  // namespace hermod::broker::testing
