// What a broker that stops still has to do for named queues.

#include <set>
#include <thread>

#include "tests/integration/queue/queue_test.h"

namespace hermod::integration {
namespace {

class QueueStop : public BrokerTest {};

/// Each asks the owner of the queue, which lives on one of the threads.
TEST_F(QueueStop, PublishesEveryWill) {
  constexpr int kClients = 40;
  HERMOD_NEEDS_OWN_BROKER();
  Settings settings = orders({{"dedup_window", "1m"}});
  settings.emplace_back("broker.threads", "2");
  start_with(std::move(settings));
  MqttClient watcher = durable_client("watcher");
  watcher.subscribe("shop/#", 1);
  watcher.disconnect();
  std::vector<MqttClient> dying;
  for (int i = 0; i < kClients; ++i)
    dying.push_back(connect({.client_id = "dying-" + std::to_string(i),

                             .will = Will{.topic = "shop/" + std::to_string(i), .payload = "", .qos = 1}}));
  // As clients do, so that no thread of the broker stays for them.
  std::thread ends([&] {
    for (MqttClient& one : dying) one.raw().drain_until_closed();
    dying.clear();
  });
  EXPECT_EQ(broker().stop(), 0);
  ends.join();
  broker().start();
  MqttClient back = durable_client("watcher");
  std::set<std::string> topics;
  for (int i = 0; i < kClients; ++i) topics.insert(back.receive().topic);
  EXPECT_EQ(topics.size(), kClients);
}

}  // namespace
}  // namespace hermod::integration
