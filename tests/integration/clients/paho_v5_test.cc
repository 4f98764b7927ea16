#include "tests/integration/clients/paho_test.h"

namespace hermod::integration {

class PahoFive : public BrokerTest {
 protected:
  std::string server() { return "tcp://127.0.0.1:" + std::to_string(port()); }
  static mqtt::connect_options connection() {
    mqtt::connect_options options;
    options.set_mqtt_version(MQTTVERSION_5);
    options.set_clean_start(true);
    return options;
  }
};

TEST_F(PahoFive, RequestAndResponseWithProperties) {
  mqtt::async_client responder(server(), "paho-responder", mqtt::create_options(MQTTVERSION_5));
  responder.start_consuming();
  responder.connect(connection())->wait();
  responder.subscribe("paho/request", 1)->wait();
  mqtt::async_client requester(server(), "paho-requester", mqtt::create_options(MQTTVERSION_5));
  requester.start_consuming();
  requester.connect(connection())->wait();
  requester.subscribe("paho/response", 1)->wait();

  auto request = mqtt::make_message("paho/request", "question", 1, false);
  request->set_properties({{mqtt::property::RESPONSE_TOPIC, "paho/response"},
                           {mqtt::property::CORRELATION_DATA, "no 1"},
                           {mqtt::property::USER_PROPERTY, "name", "value"}});
  requester.publish(request)->wait();
  mqtt::const_message_ptr asked;
  ASSERT_TRUE(responder.try_consume_message_for(&asked, kPatience));
  EXPECT_EQ(asked->get_properties().count(mqtt::property::USER_PROPERTY), 1U);
  const auto topic = mqtt::get<std::string>(asked->get_properties(), mqtt::property::RESPONSE_TOPIC);
  auto response = mqtt::make_message(topic, "answer", 1, false);
  response->set_properties(
      {{mqtt::property::CORRELATION_DATA,
        mqtt::get<std::string>(asked->get_properties(), mqtt::property::CORRELATION_DATA)}});
  responder.publish(response)->wait();
  mqtt::const_message_ptr answered;
  ASSERT_TRUE(requester.try_consume_message_for(&answered, kPatience));
  EXPECT_EQ(answered->to_string(), "answer");
  EXPECT_EQ(mqtt::get<std::string>(answered->get_properties(), mqtt::property::CORRELATION_DATA), "no 1");
  requester.disconnect()->wait();
  responder.disconnect()->wait();
}

TEST_F(PahoFive, NoLocalAndRetainHandling) {
  mqtt::async_client both(server(), "paho-both", mqtt::create_options(MQTTVERSION_5));
  both.start_consuming();
  both.connect(connection())->wait();
  both.publish(mqtt::make_message("paho/kept", "kept", 1, true))->wait();
  mqtt::subscribe_options options(mqtt::subscribe_options::SUBSCRIBE_NO_LOCAL, false,
                                  mqtt::subscribe_options::DONT_SEND_RETAINED);
  both.subscribe("paho/kept", 1, options)->wait();
  both.publish(mqtt::make_message("paho/kept", "own", 1, false))->wait();
  mqtt::const_message_ptr message;
  EXPECT_FALSE(both.try_consume_message_for(&message, kQuiet));
  both.disconnect()->wait();
}

TEST_F(PahoFive, APropertyFilterOfASubscriptionToAStream) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with({{"queues.orders.bind", "shop/#"}, {"queues.orders.kind", "stream"}});
  mqtt::async_client reader(server(), "paho-reader", mqtt::create_options(MQTTVERSION_5));
  reader.start_consuming();
  reader.connect(connection())->wait();
  reader
      .subscribe("$stream/orders", 1, mqtt::subscribe_options(),
                 {{mqtt::property::USER_PROPERTY, "filter", "tags=red&n>1"}})
      ->wait();
  mqtt::async_client publisher(server(), "paho-publisher", mqtt::create_options(MQTTVERSION_5));
  publisher.connect(connection())->wait();
  for (int i = 0; i < 6; ++i) {
    auto order = mqtt::make_message("shop/a", std::to_string(i), 1, false);
    order->set_properties({{mqtt::property::USER_PROPERTY, "tags", i % 2 == 0 ? "red" : "blue"},
                           {mqtt::property::USER_PROPERTY, "n", std::to_string(i)}});
    publisher.publish(order)->wait();
  }
  for (const char* wanted : {"2", "4"}) {
    mqtt::const_message_ptr message;
    ASSERT_TRUE(reader.try_consume_message_for(&message, kPatience));
    EXPECT_EQ(message->to_string(), wanted);
  }
  mqtt::const_message_ptr message;
  EXPECT_FALSE(reader.try_consume_message_for(&message, kQuiet));
  publisher.disconnect()->wait();
  reader.disconnect()->wait();
}

}  // namespace hermod::integration
