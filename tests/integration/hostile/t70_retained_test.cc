#include <set>
#include <thread>

#include "tests/integration/hostile/hostile_test.h"
#include "tests/support/aside.h"

namespace hermod::integration {
namespace {

constexpr int kLimit = 100'000;
constexpr std::size_t kWindow = 500;

std::string topic_of(int number) {
  return "many/" + std::to_string(number % 317) + "/" + std::to_string(number);
}

}  // namespace

class HostileRetained : public Hostile {
 protected:
  /// Without $SYS, whose topics are retained as well.
  void start_limited(int limit) {
    start_with({{"retain.max_messages", std::to_string(limit)},
                {"mqtt.receive_maximum", "1000"},
                {"admin.sys_interval", "0s"}});
  }
  /// Publishes with many on the way; gives how many were refused.
  static std::size_t set(MqttClient& publisher, int from, int to, const std::string& payload) {
    std::size_t refused = 0;
    for (int begin = from; begin < to; begin += static_cast<int>(kWindow)) {
      const int end = std::min(begin + static_cast<int>(kWindow), to);
      std::string burst;
      for (int i = begin; i < end; ++i)
        burst += publish_bytes(publisher.version(), {.topic = topic_of(i),
                                                     .payload = payload,
                                                     .qos = 1,
                                                     .retain = true,
                                                     .packet_id = static_cast<std::uint16_t>(i - begin + 1)});
      publisher.raw().send(burst);
      for (int i = begin; i < end; ++i) {
        const Ack ack = publisher.await_ack(Type::Puback, static_cast<std::uint16_t>(i - begin + 1));
        if (ack.reason < 0x80) continue;
        EXPECT_EQ(ack.reason, reason::kQuotaExceeded);
        ++refused;
      }
    }
    return refused;
  }
  /// Topics that a new subscriber gets, and it gets each of them once.
  std::size_t count_retained() {
    MqttClient reader = client("reader");
    reader.subscribe("many/#", 0);
    reader.ping();  // what is retained comes behind it as well
    std::set<std::string> topics;
    while (const auto message = reader.try_receive(topics.size() < kLimit ? kPatience : kQuiet))
      EXPECT_TRUE(topics.insert(message->topic).second) << message->topic << " came twice";
    return topics.size();
  }
};

TEST_F(HostileRetained, T70_AHundredThousandTopicsAreKeptAndNotOneMore) {
  HERMOD_NEEDS_OWN_BROKER();
  start_limited(kLimit);
  {
    MqttClient publisher = client("publisher");
    EXPECT_EQ(set(publisher, 0, kLimit, "x"), 0U);
    EXPECT_EQ(set(publisher, kLimit, kLimit + 1000, "x"), 1000U);
    EXPECT_EQ(set(publisher, 0, 1000, "other"), 0U) << "in place of another one there is room";
    EXPECT_EQ(set(publisher, 0, 10, ""), 0U);
    EXPECT_EQ(set(publisher, kLimit, kLimit + 20, "x"), 10U) << "as many as were cleared";
  }
  EXPECT_EQ(count_retained(), static_cast<std::size_t>(kLimit));
  broker().kill();
  broker().start();
  EXPECT_EQ(count_retained(), static_cast<std::size_t>(kLimit));
}

/// With many on the way at once from several clients the limit holds too.
TEST_F(HostileRetained, T70_PublishersThatRaceForTheLastPlacesDoNotPassTheLimit) {
  HERMOD_NEEDS_OWN_BROKER();
  start_limited(50);
  constexpr int kPublishers = 4;
  std::array<std::size_t, kPublishers> refused{};
  {
    std::vector<std::unique_ptr<Aside>> publishing;
    for (int number = 0; number < kPublishers; ++number)
      publishing.push_back(std::make_unique<Aside>([this, number, &refused] {
        MqttClient publisher = client("publisher-" + std::to_string(number));
        refused[number] = set(publisher, number * 1000, number * 1000 + 400, "x");
      }));
    for (auto& one : publishing) one->join();
  }
  std::size_t taken = 400 * kPublishers;
  for (const std::size_t count : refused) taken -= count;
  EXPECT_GE(taken, 50U);
  EXPECT_LE(taken, 50U + 1U) << "each thread but one may look before another one has taken the last place";
}

}  // namespace hermod::integration
