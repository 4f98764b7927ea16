#include "tests/support/broker_test.h"

namespace hermod::integration {

namespace {

struct Example {
  const char* filter;
  std::vector<const char*> matching;
  std::vector<const char*> others;
};

const std::vector<Example>& examples() {
  static const std::vector<Example> kExamples{
      // 4.7.1.2
      {"sport/tennis/player1/#",
       {"sport/tennis/player1", "sport/tennis/player1/ranking", "sport/tennis/player1/score/wimbledon"},
       {"sport/tennis/player10", "sport/tennis", "sport/tennis/player2/ranking"}},
      {"sport/#", {"sport", "sport/", "sport/a/b/c"}, {"sports", "Sport", "/sport"}},
      {"#", {"a", "/", "a/b/c", "/a"}, {}},
      // 4.7.1.3
      {"sport/tennis/+",
       {"sport/tennis/player1", "sport/tennis/"},
       {"sport/tennis/player1/ranking", "sport/tennis"}},
      {"sport/+", {"sport/", "sport/a"}, {"sport", "sport/a/b"}},
      {"+/+", {"/finance", "a/b", "/"}, {"finance", "a/b/c", "//"}},
      {"/+", {"/finance", "/"}, {"finance", "/finance/x"}},
      {"+", {"finance"}, {"/finance", "finance/", "/"}},
      {"+/tennis/#", {"x/tennis", "x/tennis/y", "/tennis/y"}, {"tennis", "x/y/tennis"}},
      {"sport/+/player1", {"sport/tennis/player1", "sport//player1"}, {"sport/player1", "sport/a/b/player1"}},
      // 4.7.3
      {"ACCOUNTS", {"ACCOUNTS"}, {"Accounts", "ACCOUNTS/", "/ACCOUNTS"}},
      {"Accounts payable", {"Accounts payable"}, {"Accounts  payable", "Accountspayable"}},
      {"a//b", {"a//b"}, {"a/b", "a///b", "a/x/b"}},
      {"/", {"/"}, {"a/", "/a", "//"}},
      {"\xE6\x97\xA5/+", {"\xE6\x97\xA5/\xE6\x9C\xAC"}, {"\xE6\x97\xA5", "\xE6\x9C\xAC/\xE6\x97\xA5"}},
  };
  return kExamples;
}

}  // namespace

using Matching = VersionedBrokerTest;

TEST_P(Matching, ExamplesOfTheSpecification) {
  MqttClient publisher = client("publisher", GetParam());
  for (const Example& example : examples()) {
    MqttClient subscriber = client("subscriber", GetParam());
    subscriber.subscribe(example.filter, 0);
    subscriber.subscribe("end/of/example", 0);
    for (const char* topic : example.others) publisher.publish(topic, "other", 0);
    for (const char* topic : example.matching) publisher.publish(topic, "match", 0);
    publisher.publish("end/of/example", "end", 0);
    for (const char* topic : example.matching) {
      const Message message = subscriber.receive();
      EXPECT_EQ(message.topic, topic) << example.filter;
      EXPECT_EQ(message.payload, "match") << example.filter;
    }
    EXPECT_EQ(subscriber.receive().payload, "end") << example.filter;
    subscriber.disconnect();
  }
}

// [MQTT-4.7.2-1]
TEST_P(Matching, WildcardsAtTheFirstLevelLeaveDollarNamesAlone) {
  MqttClient subscriber = client("subscriber", GetParam());
  for (const char* filter : {"#", "+/#", "+/broker/#", "+/broker/+", "/#"}) subscriber.subscribe(filter, 0);
  while (const auto packet = subscriber.raw().poll(300ms)) {
    const Message message = parse_publish(GetParam(), *packet);
    EXPECT_NE(message.topic.at(0), '$') << message.topic;
  }
}

INSTANTIATE_TEST_SUITE_P(All, Matching, all_versions());

}  // namespace hermod::integration
