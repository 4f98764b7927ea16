// `hermodctl queue` against the broker itself, command by command, and what a kill leaves of them.

#include "tests/integration/hermodctl/hermodctl_test.h"

namespace hermod::integration {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

}  // namespace

class QueueControl : public Hermodctl {
 protected:
  /// `hermodctl queue ...`, which must end with this code.
  std::string queue(std::vector<std::string> arguments, int exit_code = 0) {
    arguments.insert(arguments.begin(), "queue");
    arguments.insert(arguments.end(), {"--port", std::to_string(port())});
    return Hermodctl::hermodctl(arguments, exit_code);
  }
  std::string shown(const std::string& name) { return queue({"show", name, "-o", "json"}); }
  void crash() {
    broker().kill();
    broker().start();
  }
  void fill(const std::string& topic, int count) {
    MqttClient publisher = client("publisher");
    for (int i = 1; i <= count; ++i) publisher.publish(topic, std::to_string(i), 1);
  }
  /// What is consumed from a queue, in its order.
  std::vector<std::string> drained(const std::string& name, std::size_t count) {
    MqttClient consumer = client("consumer");
    consumer.subscribe("$queue/" + name, 1);
    return consumer.receive_payloads(count);
  }
};

TEST_F(QueueControl, AQueueThatWasMadeIsThereAfterAKill) {
  EXPECT_EQ(queue({"create", "orders", "--bind", "shop/+/order", "--bind", "shop/+/cancel", "-s", "lanes=4"}),
            "");
  crash();
  EXPECT_THAT(shown("orders"), HasSubstr(R"("bind":["shop/+/order","shop/+/cancel"])"));
  EXPECT_THAT(shown("orders"), HasSubstr(R"("lanes":"4")"));
  EXPECT_THAT(shown("orders.dlq"), HasSubstr(R"("messages":0)"));
  fill("shop/1/order", 2);
  crash();
  EXPECT_EQ(drained("orders", 2), (std::vector<std::string>{"1", "2"}));
  EXPECT_THAT(queue({"create", "orders", "-b", "x"}, 1), HasSubstr("queue: there is a queue orders already"));
}

TEST_F(QueueControl, AChangeIsThereAfterAKill) {
  queue({"create", "orders", "-b", "shop/#"});
  EXPECT_EQ(queue({"edit", "orders", "-s", "max_length=7", "-b", "bar/#"}), "");
  crash();
  EXPECT_THAT(shown("orders"), HasSubstr(R"("max_length":"7")"));
  fill("shop/a", 1);
  fill("bar/a", 2);
  EXPECT_THAT(shown("orders"), HasSubstr(R"("messages":2)"));
  EXPECT_THAT(queue({"edit", "orders", "-s", "lanes=3"}, 1),
              HasSubstr("options.lanes: changes only while the queue is empty"));
  EXPECT_THAT(queue({"edit", "nothing", "-s", "lanes=3"}, 5), HasSubstr("queue: there is no queue nothing"));
}

TEST_F(QueueControl, ADeletedQueueIsGoneAfterAKill) {
  queue({"create", "orders", "-b", "shop/#"});
  {
    MqttClient sleeper = durable_client("sleeper");
    sleeper.subscribe("$queue/orders", 1);
    sleeper.disconnect();
  }
  fill("shop/a", 3);
  EXPECT_THAT(queue({"delete", "orders"}, 1), HasSubstr("force: the queue holds 3 messages"));
  EXPECT_EQ(queue({"delete", "orders", "--force"}), "messages  3\n");
  crash();
  EXPECT_THAT(queue({"show", "orders"}, 5), HasSubstr("there is no queue orders"));
  EXPECT_THAT(queue({"ls"}), Not(HasSubstr("orders ")));
  // One of the same name has none of its messages, and nobody who consumed from the first.
  queue({"create", "orders", "-b", "shop/#"});
  fill("shop/a", 1);
  MqttClient back = durable_client("sleeper");
  back.expect_quiet(100ms);
  EXPECT_THAT(shown("orders"), HasSubstr(R"("messages":1)"));
}

TEST_F(QueueControl, APauseIsThereAfterAKill) {
  queue({"create", "orders", "-b", "shop/#"});
  EXPECT_EQ(queue({"pause", "orders"}), "");
  fill("shop/a", 1);
  crash();
  EXPECT_THAT(shown("orders"), HasSubstr(R"("paused":true)"));
  MqttClient consumer = client("consumer");
  consumer.subscribe("$queue/orders", 1);
  consumer.expect_quiet(100ms);
  EXPECT_EQ(queue({"resume", "orders"}), "");
  EXPECT_EQ(consumer.receive().payload, "1");
  crash();
  EXPECT_THAT(shown("orders"), HasSubstr(R"("paused":false)"));
}

TEST_F(QueueControl, WhatIsShownOfMessages) {
  queue({"create", "orders", "-b", "shop/#"});
  fill("shop/a", 3);
  const std::string lines = queue({"peek", "orders", "--from", "2", "-n", "1"});
  EXPECT_THAT(lines, HasSubstr("offset=2 topic=shop/a key=publisher qos=1"));
  EXPECT_THAT(lines, HasSubstr("state=ready deliveries=0"));
  EXPECT_THAT(lines, HasSubstr("payload=2"));
  EXPECT_THAT(lines, Not(HasSubstr("offset=3")));
  EXPECT_THAT(queue({"ls"}), HasSubstr("orders             3      3    0        0          0"));
}

TEST_F(QueueControl, WhatWasPurgedAndMovedStaysSoAfterAKill) {
  queue({"create", "orders", "-b", "shop/#"});
  queue({"create", "backlog", "-b", "none/#"});
  fill("shop/a", 5);
  EXPECT_EQ(queue({"move", "orders", "backlog", "-n", "2"}), "messages  2\n");
  EXPECT_EQ(queue({"move", "orders", "backlog", "--offset", "4"}), "messages  1\n");
  crash();
  EXPECT_EQ(drained("backlog", 3), (std::vector<std::string>{"1", "2", "4"}));
  EXPECT_EQ(queue({"purge", "orders"}), "messages  2\n");
  crash();
  EXPECT_THAT(shown("orders"), HasSubstr(R"("messages":0)"));
}

/// A queue holds 512 KiB of what waits in it, some 30 of these.
TEST_F(QueueControl, WhatIsInTheStoreAloneIsShownMovedAndRedriven) {
  std::vector<std::string> sent;
  queue({"create", "orders", "-b", "shop/#", "-s", "order=none"});
  queue({"create", "backlog", "-b", "none/#"});
  {
    MqttClient consumer = client("consumer");
    consumer.subscribe("$queue/orders", 1);
    MqttClient publisher = client("publisher");
    for (int i = 1; i <= 100; ++i) {
      sent.push_back(std::to_string(i) + ':' + std::string(16'384, 'x'));
      publisher.publish("shop/a", sent.back(), 1);
      const Message refused = consumer.receive_unacknowledged();
      consumer.send_ack(Type::Puback, refused.packet_id, reason::kNotAuthorized);
    }
    publisher.publish("shop/b", "last", 1);  // behind them on the disk
    EXPECT_EQ(consumer.receive().payload, "last");
  }
  const std::string lines = queue({"peek", "orders.dlq", "--from", "90", "-n", "1", "--bytes", "4"});
  EXPECT_THAT(lines, HasSubstr("offset=90 "));
  EXPECT_THAT(lines, HasSubstr("payload=90:x"));
  EXPECT_EQ(queue({"redrive", "orders.dlq"}), "messages  100\n");
  EXPECT_EQ(queue({"move", "orders", "backlog"}), "messages  100\n");
  crash();
  EXPECT_THAT(shown("orders"), HasSubstr(R"("messages":0)"));
  EXPECT_EQ(drained("backlog", sent.size()), sent);
}

TEST_F(QueueControl, DeadLettersGoBack) {
  queue({"create", "orders", "-b", "shop/#", "-s", "order=none"});
  {
    MqttClient consumer = client("consumer");
    consumer.subscribe("$queue/orders", 1);
    fill("shop/a", 2);
    for (int i = 0; i < 2; ++i) {
      const Message refused = consumer.receive_unacknowledged();
      consumer.send_ack(Type::Puback, refused.packet_id, reason::kNotAuthorized);
    }
    MqttClient barrier = client("barrier");
    barrier.publish("shop/b", "3", 1);
    EXPECT_EQ(consumer.receive().payload, "3");  // which the queue had behind both refusals
    barrier.publish("shop/b", "4", 1);           // and this is behind the dead letters on the disk
    EXPECT_EQ(consumer.receive().payload, "4");
  }
  EXPECT_EQ(queue({"redrive", "orders.dlq"}), "messages  2\n");
  crash();
  EXPECT_EQ(drained("orders", 2), (std::vector<std::string>{"1", "2"}));
}

}  // namespace hermod::integration
