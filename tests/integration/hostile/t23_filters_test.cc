#include "tests/integration/hostile/hostile_test.h"

namespace hermod::integration {

namespace {

// Wrong by 4.7.1 or 4.8.2.
constexpr const char* kWrongFilters[] = {
    "a#",          "a/#/b",      "#/",       "#a",          "a/#b",           "a+",        "+a",
    "a/+b/c",      "a/b+",       "$share/",  "$share/g",    "$share//t",      "$share/g/", "$share/g+/t",
    "$share/g#/t", "$share/+/t", "$share/#", "$share/g/a#", "$share/g/a/#/b",
};

}  // namespace

TEST_F(Hostile, T23_WrongFiltersAreRefusedAndTheTreeStaysRight) {
  for (const Version version : kMainVersions) {
    MqttClient witness = client("witness");
    witness.subscribe_all({{"a/#", 0}, {"+/b", 0}, {"$share/g/a/b", 0}});
    for (const char* filter : kWrongFilters) {
      MqttClient subscriber = client("subscriber", version);
      subscriber.raw().send(
          subscribe_bytes(version, 1, {{"right/before", 1}, {filter, 1}, {"right/after", 1}}));
      const auto answer = subscriber.raw().poll(kPatience);
      if (answer && answer->type == Type::Suback) {
        const Ack ack = parse_ack(version, Type::Suback, *answer);
        ASSERT_EQ(ack.reasons.size(), 3U) << filter;
        EXPECT_EQ(ack.reasons[0], reason::kGrantedQoS1) << filter;
        EXPECT_EQ(ack.reasons[2], reason::kGrantedQoS1) << filter;
        EXPECT_EQ(ack.reasons[1], version == Version::V5 ? reason::kTopicFilterInvalid : 0x80) << filter;
      } else {
        EXPECT_TRUE(subscriber.raw().drain_until_closed()) << filter;
        if (answer) {
          const std::uint8_t given = parse_disconnect(*answer).reason;
          EXPECT_TRUE(given == reason::kMalformedPacket || given == reason::kProtocolError ||
                      given == reason::kTopicFilterInvalid)
              << filter << ' ' << int{given};
        }
      }
    }
    client("publisher").publish("a/b", "seen", 0);
    EXPECT_EQ(witness.receive_payloads(2), (std::vector<std::string>{"seen", "seen"}));
    witness.expect_quiet(20ms);
    witness.disconnect();
  }
}

// [MQTT-3.8.3-4]
TEST_F(Hostile, T23_NoLocalOnASharedSubscriptionIsAProtocolError) {
  for (const std::uint8_t options : std::initializer_list<std::uint8_t>{
           kNoLocal, kNoLocal | kRetainAsPublished, kNoLocal | kRetainNever}) {
    expect_ended(Version::V5,
                 subscribe_bytes(Version::V5, 1,
                                 {{.filter = "plain/topic", .qos = 1},
                                  {.filter = "$share/g/a", .qos = 1, .options = options}}),
                 {reason::kProtocolError});
  }
  MqttClient publisher = client("publisher");
  EXPECT_EQ(publisher.publish("a", "x", 1).reason, reason::kNoMatchingSubscribers);
}

TEST_F(Hostile, T23_MixedSubscribeAndUnsubscribeOfSharedAndPlainFilters) {
  for (const Version version : kMainVersions) {
    MqttClient both = client("both", version);
    for (int round = 0; round < 50; ++round) {
      both.subscribe_all({{"$share/g/mix/+", 1}, {"mix/+", 1}, {"$share/h/mix/+", 1}});
      both.unsubscribe({"mix/+", "$share/x/mix/+", "$share/g/mix/+", "$share/g/mix/+"});
      both.publish("mix/topic", std::to_string(round), 1);
      EXPECT_EQ(both.receive().payload, std::to_string(round));
      both.unsubscribe({"$share/h/mix/+"});
    }
    both.publish("mix/topic", "nobody", 1);
    both.expect_quiet(50ms);
    both.disconnect();
  }
}

}  // namespace hermod::integration
