// Backpressure: what stays bounded, who waits for whom, and for how long.

#include <algorithm>

#include "tests/unit/broker/path_fixture.h"

namespace hermod::broker::testing {
namespace {

constexpr std::uint32_t kBuffer = 64 * 1024;

class Congestion : public PathTest {
 protected:
  Congestion() {
    options_.limits.outbound_buffer = kBuffer;
    options_.session.receive_maximum = 65535;
  }
  /// A client on "a" that reads nothing behind its SUBACK.
  FakeClient stalled_subscriber(QoS qos, bool durable = false) {
    FakeClient client = call({.client_id = "stalled", .durable = durable});
    client.subscribe({1}, {{"a", qos}});
    settle();
    client.peer().take();
    client.peer().stall();
    return client;
  }
  static std::size_t output_of(FakeClient& client) { return client.peer().transport()->output().size(); }
  static bool is_read(FakeClient& client) { return !client.peer().transport()->is_paused(); }
  void send(FakeClient& publisher, std::size_t size, QoS qos = kQoS0) {
    next_id_ = static_cast<std::uint16_t>(next_id_ % 60000 + 1);
    publish(publisher, {"a", std::string(size, 'x'), qos, next_id_});
    settle();
  }
  /// Sends until the broker reads the publisher no more.
  void send_until_paused(FakeClient& publisher) {
    for (int i = 0; i < 1000 && is_read(publisher); ++i) send(publisher, 1000);
    ASSERT_FALSE(is_read(publisher));
  }

 private:
  std::uint16_t next_id_ = 0;
};

struct FlatOut {
  QoS qos;
  bool durable;
};
class TenPublishers : public Congestion, public ::testing::WithParamInterface<FlatOut> {};
INSTANTIATE_TEST_SUITE_P(Deliveries, TenPublishers,
                         ::testing::Values(FlatOut{kQoS0, false}, FlatOut{kQoS1, false}, FlatOut{kQoS1, true},
                                           FlatOut{kQoS2, true}),
                         [](const auto& one) {
                           return "QoS" + std::to_string(static_cast<int>(one.param.qos)) +
                                  (one.param.durable ? "Durable" : "Transient");
                         });

TEST_P(TenPublishers, FlatOutAndOneStalledReaderCostBoundedMemory) {
  constexpr std::size_t kPayload = 1000;
  constexpr std::size_t kOnTheWay = 20 * kPayload;
  options_.session.queue.max_bytes = 4 * kBuffer;
  FakeClient stalled = stalled_subscriber(GetParam().qos, GetParam().durable);
  FakeClient reading = login("reading");
  subscribe(reading, "a", kQoS0);
  std::vector<FakeClient> publishers;
  for (int i = 0; i < 10; ++i) publishers.push_back(login("pub" + std::to_string(i)));

  std::size_t read = 0;
  std::uint16_t id = 0;
  const auto id_of_session = broker().directory().find("stalled");
  ASSERT_TRUE(id_of_session.has_value());
  const auto round = [&](std::chrono::milliseconds time) {
    for (FakeClient& publisher : publishers) {
      while (publisher.peer().on_the_way() < kOnTheWay) {
        id = static_cast<std::uint16_t>(id % 60000 + 1);
        publish(publisher, {"a", std::string(kPayload, 'x'), GetParam().qos, id});
      }
    }
    broker().pass(time);
    read += reading.peer().take().size();
    ASSERT_LE(output_of(stalled), kBuffer + 2 * kPayload);
    ASSERT_LE(broker().directory().slots().fill(*id_of_session).bytes, options_.session.queue.max_bytes);
    for (FakeClient& publisher : publishers) {
      for (const test::Arrived& packet : publisher.receive())
        if (packet.type == PacketType::Pubrec && !is_failure(packet.reason))
          publisher.ack(PacketType::Pubrel, packet.id);
      ASSERT_NE(publisher.peer().transport(), nullptr);
      ASSERT_LE(publisher.peer().transport()->buffered_bytes(), 2 * kOnTheWay);
      ASSERT_LE(output_of(publisher), kBuffer);
    }
  };
  for (int i = 0; i < 20; ++i) round(std::chrono::milliseconds{200});  // beyond the patience with the reader
  const std::size_t before = read;
  for (int i = 0; i < 20; ++i) round(std::chrono::milliseconds{10});
  // Room for a QoS 1 message is room in all queues; QoS 0 goes on for those that read.
  if (GetParam().qos == kQoS0) {
    EXPECT_GT(read, before + 20 * kPayload);
    EXPECT_GT(counted(Counter::DroppedSlowReader), 0);
  } else {
    EXPECT_GT(counted(Counter::PublishRefused), 0);
  }
}

TEST_F(Congestion, APublisherWaitsForASlowReaderAndGoesOnWhenItReads) {
  FakeClient slow = stalled_subscriber(kQoS0);
  FakeClient publisher = login("pub");
  send_until_paused(publisher);
  EXPECT_EQ(counted(Counter::DroppedSlowReader), 0) << "it waits before anything is lost";
  broker().pass(std::chrono::milliseconds{500});
  EXPECT_FALSE(is_read(publisher));
  slow.peer().make_room(kPlenty);
  broker().pass(std::chrono::milliseconds{50});
  EXPECT_TRUE(is_read(publisher));
  EXPECT_EQ(slow.receive().size(), counted(Counter::PublishReceivedQoS0)) << "nothing was lost";
}

TEST_F(Congestion, NobodyWaitsLongerThanThePatience) {
  options_.limits.slow_reader_patience = std::chrono::milliseconds{300};
  FakeClient slow = stalled_subscriber(kQoS0);
  FakeClient publisher = login("pub");
  send_until_paused(publisher);
  broker().pass(std::chrono::milliseconds{250});
  EXPECT_FALSE(is_read(publisher));
  broker().pass(std::chrono::milliseconds{150});
  EXPECT_TRUE(is_read(publisher));
  for (int i = 0; i < 100; ++i) send(publisher, 1000);
  EXPECT_TRUE(is_read(publisher)) << "for a stalled reader nobody waits";
  EXPECT_GT(counted(Counter::DroppedSlowReader), 0);
  EXPECT_LE(output_of(slow), kBuffer + 2000);
}

TEST_F(Congestion, AStalledReaderThatReadsAgainIsServedAgain) {
  options_.limits.slow_reader_patience = std::chrono::milliseconds{300};
  FakeClient slow = stalled_subscriber(kQoS0);
  FakeClient publisher = login("pub");
  send_until_paused(publisher);
  broker().pass(std::chrono::milliseconds{400});
  for (int i = 0; i < 100; ++i) send(publisher, 1000);
  slow.peer().make_room(kPlenty);
  settle();
  slow.receive();
  send(publisher, 3);
  EXPECT_THAT(heard(slow), ElementsAre("PUBLISH a=xxx"));
}

TEST_F(Congestion, AReaderThatLeavesLetsItsPublishersGoOn) {
  FakeClient slow = stalled_subscriber(kQoS0);
  FakeClient publisher = login("pub");
  send_until_paused(publisher);
  slow.peer().drop(0);
  broker().pass(std::chrono::milliseconds{50});
  EXPECT_TRUE(is_read(publisher));
}

TEST_F(Congestion, APublisherOfAnotherShardWaitsToo) {
  options_.threads = 2;
  FakeClient slow = stalled_subscriber(kQoS0);
  FakeClient publisher = login({.client_id = "pub", .shard = 1});
  send_until_paused(publisher);
  slow.peer().make_room(kPlenty);
  broker().pass(std::chrono::milliseconds{50});
  EXPECT_TRUE(is_read(publisher));
}

TEST_F(Congestion, OnlyPublishersToTheSlowReaderWait) {
  FakeClient slow = stalled_subscriber(kQoS0);
  FakeClient publisher = login("pub");
  send_until_paused(publisher);
  FakeClient other = login("other");
  publish(other, {"b", "1", kQoS1, 1});
  settle();
  EXPECT_THAT(heard(other), ElementsAre("PUBACK #1 0x10"));
  EXPECT_TRUE(is_read(other));
}

TEST_F(Congestion, APublisherThatIsNotReadIsNotClosedForItsSilence) {
  options_.limits.slow_reader_patience = std::chrono::minutes{10};
  FakeClient slow = stalled_subscriber(kQoS0);
  FakeClient publisher = login({.client_id = "pub", .keep_alive = 2});
  send_until_paused(publisher);
  broker().pass(std::chrono::seconds{30}, std::chrono::seconds{1});
  EXPECT_THAT(heard(publisher), IsEmpty());
}

TEST_F(Congestion, AClientThatDoesNotReadItsOwnAnswersIsNotReadEither) {
  FakeClient client = login("c");
  client.peer().stall();
  for (int i = 0; i < 100'000; ++i) client.ping();
  settle();
  EXPECT_FALSE(is_read(client));
  EXPECT_LE(output_of(client), kBuffer + 2U);
  client.peer().make_room(kPlenty);
  settle();
  EXPECT_EQ(client.receive().size(), 100'000U);
}

TEST_F(Congestion, APublisherWaitsWhileTheDiskIsBehind) {
  options_.store.max_bytes_in_flight = 10'000;
  FakeClient durable = login({.client_id = "durable", .durable = true});
  subscribe(durable, "a", kQoS1);
  FakeClient publisher = login("pub");
  for (const std::uint16_t id : Ids{1, 2, 3, 4, 5})
    publish(publisher, {"a", std::string(4000, 'x'), kQoS1, id});
  settle_without_commit();
  EXPECT_FALSE(is_read(publisher));
  EXPECT_EQ(counted(Counter::PublishReceivedQoS1), 3) << "the third one passes the limit";
  settle();
  EXPECT_TRUE(is_read(publisher));
  EXPECT_EQ(heard(publisher).size(), 5U);
}

TEST_F(Congestion, AQueueThatFillsMakesPublishersWait) {
  FakeClient slow = login({.client_id = "slow", .receive_maximum = 1});
  subscribe(slow, "a", kQoS1);
  FakeClient publisher = login("pub");
  for (int i = 0; i < 200 && is_read(publisher); ++i) send(publisher, 1000, kQoS1);
  EXPECT_FALSE(is_read(publisher)) << "the client reads and does not acknowledge";
  EXPECT_LE(broker().directory().slots().fill(*broker().directory().find("slow")).bytes, kBuffer + 4000U);
}

}  // namespace
}  // namespace hermod::broker::testing
