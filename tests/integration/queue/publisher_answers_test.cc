// What a named queue says to its publishers and consumers in user properties.

#include "tests/integration/queue/queue_test.h"

namespace hermod::integration {

namespace {

using Users = std::vector<std::pair<std::string, std::string>>;

PublishOptions asking(std::string payload, std::uint8_t qos) {
  PublishOptions publish{.topic = "shop/a", .payload = std::move(payload), .qos = qos};
  publish.properties.user("want-ref", "1");
  return publish;
}

}  // namespace

using PublisherAnswers = BrokerTest;

TEST_F(PublisherAnswers, WhoAsksIsToldQueueAndOffset) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(orders());
  MqttClient publisher = client("publisher");
  EXPECT_EQ(publisher.publish("shop/a", "0", 1).properties.users(), Users());
  EXPECT_EQ(publisher.publish(asking("1", 1)).properties.users(), (Users{{"msg-ref", "orders/2"}}));
  const std::uint16_t id = publisher.send_publish(asking("2", 2));
  EXPECT_EQ(publisher.await_ack(Type::Pubrec, id).properties.users(), (Users{{"msg-ref", "orders/3"}}));
  MqttClient consumer = client("consumer");
  consumer.subscribe("$queue/orders", 1);
  consumer.receive();
  const Message second = consumer.receive();
  EXPECT_EQ(said(second, "offset"), "2") << "what the publisher was told";
  EXPECT_EQ(said(second, "key"), "publisher") << "it has given none";
}

TEST_F(PublisherAnswers, WhoWantsNoWordsIsToldNothing) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(orders());
  ConnectOptions options{.client_id = "publisher"};
  options.properties.add(property::kRequestProblemInformation, 0);
  MqttClient publisher = connect(options);
  EXPECT_EQ(publisher.publish(asking("1", 1)).properties.users(), Users()) << "[MQTT-3.1.2-29]";
}

TEST_F(PublisherAnswers, WhatIsTooLargeForOneConsumerGoesToAnother) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(orders({{"order", "none"}}));
  ConnectOptions options{.client_id = "small"};
  options.properties.add(property::kMaximumPacketSize, 300);
  MqttClient small = connect(options);
  small.subscribe("$queue/orders", 1);
  MqttClient publisher = client("publisher");
  publisher.publish("shop/a", std::string(1000, 'x'), 1);
  publisher.publish("shop/a", "fits", 1);
  EXPECT_EQ(small.receive().payload, "fits");
  MqttClient other = client("other");
  other.subscribe("$queue/orders", 1);
  EXPECT_EQ(other.receive().payload.size(), 1000U);
}

TEST_F(PublisherAnswers, WhoAsksIsToldOfADuplicate) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(orders({{"dedup_window", "1h"}}));
  MqttClient publisher = client("publisher");
  PublishOptions publish = asking("1", 1);
  publish.properties.user("msg-id", "x");
  EXPECT_EQ(publisher.publish(publish).properties.users(), (Users{{"msg-ref", "orders/1"}}));
  EXPECT_EQ(publisher.publish(publish).properties.users(), (Users{{"duplicate", "1"}}));
}

}  // namespace hermod::integration
