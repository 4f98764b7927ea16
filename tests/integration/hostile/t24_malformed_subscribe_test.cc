#include "tests/integration/hostile/hostile_test.h"

namespace hermod::integration {

TEST_F(Hostile, T24_RepeatedMalformedSubscribesDoNotLeak) {
  for (const Version version : kMainVersions) {
    BodyBuilder body;
    body.u16(1);
    if (version == Version::V5) body.u8(0);
    for (int i = 0; i < 50; ++i) body.text("leak/" + std::string(200, 'x') + std::to_string(i)).u8(1);
    body.text("wrong").u8(3);
    const std::string subscribe = packet_bytes(0x82, body.bytes());
    expect_no_growth(300, [&] {
      MqttClient subscriber = client("subscriber", version);
      subscriber.raw().try_send(subscribe);
      EXPECT_TRUE(subscriber.raw().drain_until_closed());
    });
  }
}

/// A filter for the messages of a queue or a stream, as long as a text may be, or said a thousand
/// times.
TEST_F(Hostile, T24_WrongPropertyFiltersDoNotLeak) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(
      {{"queues.orders.bind", "shop/#"}, {"queues.log.bind", "shop/#"}, {"queues.log.kind", "stream"}});
  std::string seventeen = "a";
  for (int i = 0; i < 16; ++i) seventeen += "&a";
  const std::vector<std::string> wrong{
      std::string(1025, 'n'), std::string(65'535, 'n'), seventeen, "%zz", "n>x", "",
      std::string(1024, '&'), std::string(1000, '%')};
  const std::vector<std::string> forms{"$queue/orders", "$stream/log", "$share/work/$stream/log"};
  expect_no_growth(30, [&] {
    MqttClient subscriber = client("subscriber");
    for (const std::string& form : forms) {
      for (const std::string& filter : wrong) {
        Properties properties;
        properties.user("filter", filter);
        const Ack refused = subscriber.subscribe_all({{form, 1}, {"t", 0}}, properties);
        EXPECT_EQ(refused.reasons, (std::vector<std::uint8_t>{reason::kTopicFilterInvalid, 0})) << form;
      }
      Properties often;
      for (int i = 0; i < 250; ++i) often.user("filter", "n=1");
      EXPECT_EQ(subscriber.subscribe_all({{form, 1}}, often).reasons.at(0), reason::kTopicFilterInvalid);
    }
  });
  MqttClient subscriber = client("subscriber");
  Properties longest;
  longest.user("filter", "n=" + std::string(1022, 'x'));
  for (const std::string& form : forms)
    EXPECT_EQ(subscriber.subscribe_all({{form, 1}}, longest).reasons.at(0), 1) << form;
}

/// Members of one group under the longest client identifiers, whose names do not fit into one Reason String.
TEST_F(Hostile, T24_LongNamesOfMembersFitIntoAReason) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with({{"queues.log.bind", "shop/#"}, {"queues.log.kind", "stream"}});
  MqttClient first = client(std::string(60'000, 'a'));
  first.subscribe("$share/work/$stream/log?n=1", 1);
  MqttClient second = client(std::string(60'000, 'b'));
  const Ack refused = second.subscribe_all({{"$share/work/$stream/log?n=2", 1}});
  EXPECT_EQ(refused.reasons.at(0), 0x80);
  EXPECT_LT(refused.properties.text(property::kReasonString)->size(), 1000U);
}

}  // namespace hermod::integration
