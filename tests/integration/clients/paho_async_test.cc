#include <deque>
#include <set>

#include "tests/integration/clients/paho_test.h"

namespace hermod::integration {

using PahoAsync = PahoTest;

TEST_P(PahoAsync, ManyMessagesInFlightArriveInOrder) {
  constexpr int kMessages = 300;
  mqtt::async_client subscriber(server(), "paho-subscriber", creation());
  subscriber.start_consuming();
  subscriber.connect(connection(true))->wait();
  subscriber.subscribe("paho/order", 2)->wait();
  mqtt::async_client publisher(server(), "paho-publisher", creation());
  publisher.connect(connection(true))->wait();
  for (int qos = 1; qos <= 2; ++qos) {
    // Paho holds at most a hundred messages of its own.
    std::deque<mqtt::delivery_token_ptr> open;
    for (int i = 0; i < kMessages; ++i) {
      open.push_back(publisher.publish(mqtt::make_message("paho/order", std::to_string(i), qos, false)));
      if (open.size() < 50) continue;
      ASSERT_TRUE(open.front()->wait_for(kPatience));
      open.pop_front();
    }
    for (int i = 0; i < kMessages; ++i) {
      mqtt::const_message_ptr message;
      ASSERT_TRUE(subscriber.try_consume_message_for(&message, kPatience));
      ASSERT_EQ(message->to_string(), std::to_string(i));
    }
    for (const mqtt::delivery_token_ptr& token : open) EXPECT_TRUE(token->wait_for(kPatience));
  }
  publisher.disconnect()->wait();
  subscriber.disconnect()->wait();
}

TEST_P(PahoAsync, WillArrivesWhenTheClientDies) {
  mqtt::async_client observer(server(), "paho-observer", creation());
  observer.start_consuming();
  observer.connect(connection(true))->wait();
  observer.subscribe("paho/will", 1)->wait();
  {
    mqtt::async_client mortal(server(), "paho-mortal", creation());
    mqtt::connect_options options = connection(true);
    options.set_will(mqtt::will_options("paho/will", std::string("gone"), 1, false));
    mortal.connect(options)->wait();
    // Its client identifier is taken over: to Paho the connection is lost.
    client("paho-mortal", GetParam()).ping();
  }
  mqtt::const_message_ptr message;
  ASSERT_TRUE(observer.try_consume_message_for(&message, kPatience));
  EXPECT_EQ(message->to_string(), "gone");
  observer.disconnect()->wait();
}

TEST_P(PahoAsync, SharedSubscriptionDividesTheWork) {
  mqtt::async_client first(server(), "paho-first", creation());
  mqtt::async_client second(server(), "paho-second", creation());
  for (mqtt::async_client* member : {&first, &second}) {
    member->start_consuming();
    member->connect(connection(true))->wait();
    member->subscribe("$share/paho/paho/job", 1)->wait();
  }
  mqtt::async_client publisher(server(), "paho-publisher", creation());
  publisher.connect(connection(true))->wait();
  std::set<std::string> open;
  for (int i = 0; i < 40; ++i) {
    open.insert(std::to_string(i));
    publisher.publish(mqtt::make_message("paho/job", std::to_string(i), 1, false))->wait();
  }
  std::size_t of_first = 0;
  const auto deadline = Clock::now() + kPatience;
  while (!open.empty() && Clock::now() < deadline) {
    mqtt::const_message_ptr message;
    if (first.try_consume_message_for(&message, 10ms)) {
      EXPECT_EQ(open.erase(message->to_string()), 1U);
      ++of_first;
    }
    if (second.try_consume_message_for(&message, 10ms)) {
      EXPECT_EQ(open.erase(message->to_string()), 1U);
    }
  }
  EXPECT_TRUE(open.empty());
  EXPECT_GT(of_first, 0U);
  EXPECT_LT(of_first, 40U);
  for (mqtt::async_client* member : {&first, &second, &publisher}) member->disconnect()->wait();
}

INSTANTIATE_TEST_SUITE_P(Main, PahoAsync, main_versions());

}  // namespace hermod::integration
