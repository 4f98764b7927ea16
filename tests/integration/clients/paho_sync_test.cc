#include "tests/integration/clients/paho_test.h"

namespace hermod::integration {

using PahoSync = PahoTest;

TEST_P(PahoSync, MessagesArriveAtEveryQos) {
  mqtt::client subscriber(server(), "paho-subscriber", creation());
  subscriber.connect(connection(true));
  subscriber.start_consuming();
  subscriber.subscribe("paho/#", 2);
  mqtt::client publisher(server(), "paho-publisher", creation());
  publisher.connect(connection(true));
  for (int qos = 0; qos <= 2; ++qos) {
    publisher.publish(mqtt::make_message("paho/topic", "hello " + std::to_string(qos), qos, false));
    mqtt::const_message_ptr message;
    ASSERT_TRUE(subscriber.try_consume_message_for(&message, kPatience));
    EXPECT_EQ(message->get_topic(), "paho/topic");
    EXPECT_EQ(message->to_string(), "hello " + std::to_string(qos));
    EXPECT_EQ(message->get_qos(), qos);
  }
  publisher.disconnect();
  subscriber.disconnect();
}

TEST_P(PahoSync, SessionKeepsSubscriptionsAndMessages) {
  // A named object: moving the options loses their properties in Paho C++ 1.2.
  const mqtt::connect_options lasting = connection(false);
  {
    mqtt::client first(server(), "paho-lasting", creation());
    EXPECT_FALSE(first.connect(lasting).is_session_present());
    first.subscribe("paho/lasting", 1);
    first.disconnect();
  }
  mqtt::client publisher(server(), "paho-publisher", creation());
  publisher.connect(connection(true));
  for (int i = 0; i < 10; ++i) {
    publisher.publish(mqtt::make_message("paho/lasting", std::to_string(i), 1, false));
  }
  publisher.disconnect();

  mqtt::client second(server(), "paho-lasting", creation());
  second.start_consuming();
  EXPECT_TRUE(second.connect(lasting).is_session_present());
  for (int i = 0; i < 10; ++i) {
    mqtt::const_message_ptr message;
    ASSERT_TRUE(second.try_consume_message_for(&message, kPatience));
    EXPECT_EQ(message->to_string(), std::to_string(i));
  }
  second.disconnect();
}

TEST_P(PahoSync, RetainedMessageAndUnsubscribe) {
  mqtt::client both(server(), "paho-both", creation());
  both.connect(connection(true));
  both.start_consuming();
  both.publish(mqtt::make_message("paho/kept", "kept", 1, true));
  both.subscribe("paho/+", 1);
  mqtt::const_message_ptr message;
  ASSERT_TRUE(both.try_consume_message_for(&message, kPatience));
  EXPECT_EQ(message->to_string(), "kept");
  EXPECT_TRUE(message->is_retained());
  both.unsubscribe("paho/+");
  both.publish(mqtt::make_message("paho/kept", "changed", 1, true));
  EXPECT_FALSE(both.try_consume_message_for(&message, kQuiet));
  both.disconnect();
}

INSTANTIATE_TEST_SUITE_P(Main, PahoSync, main_versions());

}  // namespace hermod::integration
