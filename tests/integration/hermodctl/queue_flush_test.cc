// The flush policy of a queue, set and edited on the broker itself: what is in force is said wherever
// somebody looks.

#include "tests/integration/hermodctl/hermodctl_test.h"
#include "tests/support/settings.h"

namespace hermod::integration {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

}  // namespace

class FlushOfQueue : public Hermodctl {
 protected:
  std::string queue(std::vector<std::string> arguments, int exit_code = 0) {
    arguments.insert(arguments.begin(), "queue");
    arguments.insert(arguments.end(), {"--port", std::to_string(port())});
    return Hermodctl::hermodctl(arguments, exit_code);
  }
  /// The policy in force, and what the option says.
  void expect_shown(const std::string& in_force, const std::string& option) {
    const std::string shown = queue({"show", "orders", "-o", "json"});
    EXPECT_THAT(shown, HasSubstr(R"("flush":")" + in_force + R"(","options":{)"));
    EXPECT_THAT(shown, HasSubstr(R"("flush":")" + option + R"("})"));
  }
  /// As $SYS has it, now or soon.
  void expect_relaxed(const std::string& count) {
    MqttClient reader = client("reader");
    reader.subscribe("$SYS/broker/queues/flush/relaxed", 0);
    wait_for_payload(reader, count);
  }
  /// The log since the last call.
  std::string said() {
    const std::string all = broker().log();
    const std::string since = all.substr(std::min(read_, all.size()));
    read_ = all.size();
    return since;
  }
  void crash() {
    broker().kill();
    broker().start();
  }

 private:
  std::size_t read_ = 0;
};

TEST_F(FlushOfQueue, IsEditedWhileItIsInUseAndThereAfterAKill) {
  start_with({{setting::kSysInterval, "1s"}});
  queue({"create", "orders", "-b", "shop/#", "-s", "dead_letter=none", "-s", "flush=memory"});
  EXPECT_THAT(said(), HasSubstr(" queue.flush queue=orders policy=memory"));
  expect_shown("memory", "memory");
  expect_relaxed("1");
  MqttClient consumer = client("consumer");
  consumer.subscribe("$queue/orders", 1);
  MqttClient publisher = client("publisher");
  publisher.publish("shop/a", "1", 1);
  EXPECT_THAT(consumer.receive_payloads(1), ::testing::ElementsAre("1"));

  queue({"edit", "orders", "-s", "flush=interval:250"});
  EXPECT_THAT(said(), HasSubstr(" queue.flush queue=orders policy=interval:250"));
  publisher.publish("shop/a", "2", 1);
  EXPECT_THAT(consumer.receive_payloads(1), ::testing::ElementsAre("2"));
  EXPECT_THAT(queue({"edit", "orders", "-s", "flush=never"}, 1),
              HasSubstr("options.flush: broker, sync, memory, or interval: with 1 to 60000 ms behind it"));
  crash();
  EXPECT_THAT(said(), HasSubstr(" queue.flush queue=orders policy=interval:250"));
  expect_shown("interval:250", "interval:250");
  expect_relaxed("1");

  queue({"edit", "orders", "-s", "flush=broker"});
  expect_shown("sync", "broker");
  expect_relaxed("0");
  crash();
  EXPECT_THAT(said(), Not(HasSubstr(" queue.flush ")));
  expect_shown("sync", "broker");
}

TEST_F(FlushOfQueue, MayBeStricterThanTheBroker) {
  start_with({{"store.flush", "memory"},
              {setting::kSysInterval, "1s"},
              {"queues.orders.bind", "shop/#"},
              {"queues.orders.dead_letter", "none"},
              {"queues.orders.flush", "sync"}});
  EXPECT_THAT(said(), Not(HasSubstr(" queue.flush ")));
  expect_shown("sync", "sync");
  expect_relaxed("0");
  queue({"create", "more", "-b", "more/#", "-s", "dead_letter=none"});
  EXPECT_THAT(said(), HasSubstr(" queue.flush queue=more policy=memory")) << "it follows the broker";
  expect_relaxed("1");
  crash();
  const std::string start = said();
  EXPECT_THAT(start, HasSubstr(" store.flush policy=memory"));
  EXPECT_THAT(start, Not(HasSubstr(" queue.flush "))) << "that one says it for those that follow";
}

}  // namespace hermod::integration
