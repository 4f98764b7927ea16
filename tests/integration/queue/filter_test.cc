// The user property `filter` of SUBSCRIBE at the real broker, over restarts; and what a client of MQTT 3.1.1,
// which has none, says behind a question mark.

#include "tests/integration/queue/stream_test.h"

namespace hermod::integration {
namespace {

constexpr std::string_view kReports = "$share/work/$stream/orders";

/// A queue "bills" and a stream "orders" of the same topics.
Settings bills_and_orders() {
  Settings settings = stream_of_the_shop({{"order", "none"}});
  settings.emplace_back("queues.bills.bind", "shop/#");
  settings.emplace_back("queues.bills.order", "none");
  return settings;
}

Properties filter(std::string_view text) {
  Properties properties;
  properties.user("stream-offset", "earliest");
  properties.user("filter", text);
  return properties;
}

std::vector<std::string> forms() {
  return {"$queue/bills", "$stream/orders", std::string(kReports)};
}

}  // namespace

class Filter : public BrokerTest {
 protected:
  /// Numbers, of which the user property `tags` says whether they are odd, and n what they are.
  void publish(int first, int last) {
    MqttClient publisher = client("publisher");
    for (int i = first; i <= last; ++i) {
      PublishOptions message{.topic = "shop/a", .payload = std::to_string(i), .qos = 1};
      message.properties.user("tags", i % 2 == 1 ? "number, odd" : "number, even");
      message.properties.user("n", std::to_string(i));
      publisher.publish(message);
    }
  }
  void restart(bool is_killed) {
    is_killed ? broker().kill() : static_cast<void>(broker().stop());
    broker().start();
  }
};

TEST_F(Filter, IsKeptByADurableSessionOverAnyEndOfTheBroker) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(bills_and_orders());
  for (const std::string& form : forms()) {
    MqttClient first = durable_client(form);
    first.subscribe(form, 1, 0, filter("tags=odd&n>2"));
    first.disconnect();
  }
  publish(1, 5);
  int next = 6;
  for (const bool is_killed : {false, true}) {
    restart(is_killed);
    for (const std::string& form : forms()) {
      MqttClient again = durable_client(form);
      EXPECT_TRUE(again.connack().session_present) << form;
      const std::vector<std::string> wanted =
          next == 6 ? std::vector<std::string>{"3", "5"} : std::vector<std::string>{"7", "9"};
      EXPECT_EQ(again.receive_payloads(2), wanted) << form;
      again.expect_quiet(50ms);
      again.disconnect();
    }
    publish(next, next + 4);
    next += 5;
  }
}

TEST_F(Filter, IsReplacedByTheNextSubscribe) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(bills_and_orders());
  MqttClient anna = durable_client("anna");
  anna.subscribe("$queue/bills", 1, 0, filter("tags=odd"));
  publish(1, 4);
  EXPECT_EQ(anna.receive_payloads(2), (std::vector<std::string>{"1", "3"}));
  anna.subscribe("$queue/bills", 1, 0, filter("n=4"));
  EXPECT_EQ(anna.receive().payload, "4");
  anna.disconnect();
  restart(/*is_killed=*/false);  // a kill may bring back what was acknowledged a moment ago
  MqttClient again = durable_client("anna");
  again.expect_quiet(50ms);
  again.subscribe("$queue/bills", 1);
  EXPECT_EQ(again.receive().payload, "2");
}

TEST_F(Filter, AGroupHasOneAndWhoSaysAnotherIsToldBothNames) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(bills_and_orders());
  MqttClient anna = durable_client("anna");
  anna.subscribe(kReports, 1, 0, filter("tags=odd"));
  const auto expect_refused = [&] {
    MqttClient bert = client("bert");
    for (const char* other : {"tags=even", "n>0"}) {
      const Ack refused = bert.subscribe_all({{std::string(kReports), 1}}, filter(other));
      EXPECT_EQ(refused.reasons.at(0), 0x80);
      const auto why = refused.properties.text(property::kReasonString);
      ASSERT_TRUE(why.has_value());
      EXPECT_NE(why->find("client bert"), std::string::npos) << *why;
      EXPECT_NE(why->find("client anna"), std::string::npos) << *why;
    }
    EXPECT_EQ(bert.subscribe_all({{std::string(kReports), 1}}).reasons.at(0), 0x80) << "none against one";
    MqttClient old = client("old", Version::V311);
    EXPECT_EQ(old.subscribe_all({{std::string(kReports), 1}}).reasons.at(0), 0x80);
    EXPECT_EQ(old.subscribe_all({{std::string(kReports) + "?tags=odd", 1}}).reasons.at(0), 1);
  };
  expect_refused();
  anna.disconnect();
  restart(/*is_killed=*/true);
  expect_refused();
  MqttClient again = durable_client("anna");
  publish(1, 4);
  EXPECT_EQ(again.receive_payloads(2), (std::vector<std::string>{"1", "3"}));
  again.unsubscribe({std::string(kReports)});
  MqttClient carl = client("carl");
  EXPECT_EQ(carl.subscribe_all({{std::string(kReports), 1}}, filter("tags=even")).reasons.at(0), 1);
  publish(5, 6);
  EXPECT_EQ(carl.receive().payload, "6") << "what the group has let go by does not come back";
}

TEST_F(Filter, OlderClientsSayItBehindAQuestionMark) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(bills_and_orders());
  publish(1, 4);
  for (const char* form : {"$queue/bills?tags=even&n>2", "$stream/orders/@earliest?tags=even&n>2",
                           "$share/work/$stream/orders/@earliest?tags=even&n>2"}) {
    MqttClient old = client("old", Version::V311);
    old.subscribe(form, 1);
    EXPECT_EQ(old.receive().payload, "4") << form;
    old.expect_quiet(50ms);
  }
}

}  // namespace hermod::integration
