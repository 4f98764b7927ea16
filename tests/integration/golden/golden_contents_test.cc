#include <algorithm>
#include <set>

#include "tests/integration/golden/golden_store.h"

namespace hermod::integration {
namespace {

/// Seconds that are never over while anybody runs this test.
constexpr std::uint64_t kForEver = 0xFFFFFFFE;
constexpr std::uint64_t kLargestIdentifier = 268'435'455;
constexpr std::array<std::uint16_t, 2> kInboundIds{7, 65535};

Properties identified(std::uint64_t identifier) {
  Properties properties;
  properties.add(property::kSubscriptionIdentifier, identifier);
  return properties;
}

/// A session that never ends by itself.
ConnectOptions lasting_options(const std::string& id, Version version = Version::V5) {
  ConnectOptions options{.client_id = id, .version = version, .clean = false};
  if (version == Version::V5) options.properties.add(property::kSessionExpiryInterval, 0xFFFFFFFF);
  return options;
}

/// Every property that a message keeps.
Properties all_properties() {
  Properties properties;
  properties.add(property::kPayloadFormatIndicator, 1);
  properties.add(property::kMessageExpiryInterval, kForEver);
  properties.add(property::kContentType, "text/plain");
  properties.add(property::kResponseTopic, "answer/here");
  properties.add(property::kCorrelationData, std::string_view("\x00\xFFyes", 5));
  properties.user("name", "one").user("name", "two");
  return properties;
}

void expect_all_properties(const Message& message) {
  const Properties& found = message.properties;
  EXPECT_EQ(found.number(property::kPayloadFormatIndicator), 1U);
  EXPECT_GT(found.number(property::kMessageExpiryInterval).value_or(0), 0U);
  EXPECT_EQ(found.text(property::kContentType), "text/plain");
  EXPECT_EQ(found.text(property::kResponseTopic), "answer/here");
  EXPECT_EQ(found.text(property::kCorrelationData), std::string("\x00\xFFyes", 5));
  EXPECT_EQ(found.users(),
            (std::vector<std::pair<std::string, std::string>>{{"name", "one"}, {"name", "two"}}));
}

}  // namespace

MqttClient GoldenContents::lasting(const std::string& id, Version version) {
  return connect(lasting_options(id, version));
}

GoldenContents::Connected GoldenContents::write_contents(const std::string& name) {
  Connected connected;
  write_subscriptions(name);
  write_queues(name);
  write_inbound(name, connected);
  write_outbound(name, connected);
  write_group(name);
  MqttClient publisher = client(name + "-publisher");
  publisher.publish({.topic = name + "/kept/1",
                     .payload = "one",
                     .qos = 1,
                     .retain = true,
                     .properties = all_properties()});
  publisher.publish({.topic = name + "/kept/2", .payload = "two", .qos = 2, .retain = true});
  ConnectOptions mortal = lasting_options(name + "-mortal");
  mortal.will =
      Will{name + "/will", "late", 1, true, Properties().add(property::kWillDelayInterval, kForEver)};
  connected.push_back(connect(mortal));
  return connected;
}

void GoldenContents::write_subscriptions(const std::string& name) {
  MqttClient reader = lasting(name + "-options");
  reader.subscribe(name + "/o/plain", 0);
  reader.subscribe(name + "/o/own", 1, kNoLocal, identified(1));
  reader.subscribe(name + "/o/retain", 2, kRetainAsPublished, identified(kLargestIdentifier));
  reader.subscribe(name + "/o/new", 1, kRetainOnlyIfNew);
  reader.subscribe("$share/g/" + name + "/o/shared", 1);
  reader.disconnect();
  MqttClient three = lasting(name + "-three", Version::V311);
  three.subscribe(name + "/three/#", 1);
  three.disconnect();
}

void GoldenContents::write_queues(const std::string& name) {
  MqttClient reader = lasting(name + "-queue");
  reader.subscribe(name + "/q/#", 2, 0, identified(7));
  reader.subscribe(name + "/q/+", 1, 0, identified(8));
  reader.disconnect();
  for (const char* id : {"-many-1", "-many-2", "-many-3"}) {
    MqttClient one = lasting(name + id);
    one.subscribe(name + "/m/#", 1);
    one.disconnect();
  }
  MqttClient publisher = client(name + "-publisher");
  publisher.publish({.topic = name + "/q/1", .payload = "one", .qos = 1, .properties = all_properties()});
  publisher.publish({.topic = name + "/q/2", .payload = "two", .qos = 2, .properties = all_properties()});
  publisher.publish(name + "/three/1", "three", 2);
  publisher.publish(name + "/m/1", std::string(1500, 'm'), 1);  // stored once for all
}

void GoldenContents::write_inbound(const std::string& name, Connected& connected) {
  MqttClient reader = lasting(name + "-in-reader");
  reader.subscribe(name + "/in/#", 2);
  reader.disconnect();
  connected.push_back(lasting(name + "-inbound"));
  for (const std::uint16_t id : kInboundIds) {
    connected.back().send_publish(
        {.topic = name + "/in/" + std::to_string(id), .payload = "in", .qos = 2, .packet_id = id});
    connected.back().await_ack(Type::Pubrec, id);
  }
}

/// One of QoS 1 and one of QoS 2 without an answer, one that was answered with PUBREC, one that is done.
void GoldenContents::write_outbound(const std::string& name, Connected& connected) {
  connected.push_back(lasting(name + "-outbound"));
  MqttClient& reader = connected.back();
  reader.subscribe(name + "/out/#", 2);
  MqttClient publisher = client(name + "-publisher");
  publisher.publish(name + "/out/1", "sent", 1);
  publisher.publish(name + "/out/2", "sent", 2);
  publisher.publish(name + "/out/3", "received", 2);
  publisher.publish(name + "/out/4", "done", 1);
  for (int i = 0; i < 4; ++i) {
    const Message message = reader.receive_unacknowledged();
    if (message.payload == "received") reader.send_ack(Type::Pubrec, message.packet_id);
    if (message.payload == "done") reader.acknowledge(message);
  }
  reader.await(Type::Pubrel);
  reader.ping();
}

void GoldenContents::write_group(const std::string& name) {
  for (const char* id : {"-member-1", "-member-2"}) {
    MqttClient member = lasting(name + id);
    member.subscribe("$share/g/" + name + "/s/#", 1);
    member.disconnect();
  }
  MqttClient publisher = client(name + "-publisher");
  for (int i = 0; i < 6; ++i) publisher.publish(name + "/s/" + std::to_string(i), std::to_string(i), 1);
}

MqttClient GoldenContents::write_hasty_will() {
  MqttClient watcher = lasting("watcher");
  watcher.subscribe("hasty/will", 1);
  watcher.disconnect();
  ConnectOptions mortal = lasting_options("hasty-mortal");
  mortal.will = Will{"hasty/will", "soon", 1, false, Properties().add(property::kWillDelayInterval, 1)};
  mortal.will->properties.user("who", "me");
  return connect(mortal);
}

void GoldenContents::expect_hasty_will() {
  MqttClient watcher = lasting("watcher");
  ASSERT_TRUE(watcher.connack().session_present);
  const Message will = watcher.receive();
  EXPECT_EQ(will.topic, "hasty/will");
  EXPECT_EQ(will.payload, "soon");
  EXPECT_EQ(will.properties.users(), (std::vector<std::pair<std::string, std::string>>{{"who", "me"}}));
}

void GoldenContents::expect_dumped(const std::string& dump, const std::string& name) {
  for (const std::string& part :
       {"\"client_id\":\"" + name + "-options\"", "\"client_id\":\"" + name + "-three\"",
        "\"filter\":\"" + name +
            "/o/own\",\"qos\":1,\"no_local\":true,\"retain_as_published\":false,\"identifier\":1",
        "\"filter\":\"" + name +
            "/o/retain\",\"qos\":2,\"no_local\":false,\"retain_as_published\":true,\"identifier\":268435455",
        "\"filter\":\"$share/g/" + name + "/s/#\"", "\"topic\":\"" + name + "/q/1\",\"qos\":1",
        "\"topic\":\"" + name + "/q/2\",\"qos\":2", "\"topic\":\"" + name + "/m/1\"",
        "\"topic\":\"" + name + "/in/65535\"", "\"topic\":\"" + name + "/s/5\"",
        "\"topic\":\"" + name + "/kept/1\",\"qos\":1,\"retain\":true", "\"will_topic\":\"" + name + "/will\"",
        std::string("\"packet_id\":65535"), std::string("\"released\":true"),
        std::string("\"next_sequence\":"), std::string("\"table\":\"messages\""),
        std::string("broker.epoch")})
    EXPECT_THAT(dump, ::testing::HasSubstr(part));
}

void GoldenContents::expect_contents(const std::string& name) {
  expect_retained(name);
  expect_subscriptions(name);
  expect_queues(name);
  expect_inbound(name);
  expect_outbound(name);
  expect_group(name);
}

void GoldenContents::expect_subscriptions(const std::string& name) {
  MqttClient reader = lasting(name + "-options");
  ASSERT_TRUE(reader.connack().session_present);
  MqttClient publisher = client(name + "-publisher");
  const auto publish = [&](const std::string& topic) {
    publisher.publish({.topic = name + "/o/" + topic, .payload = topic, .qos = 2, .retain = true});
    return reader.receive();
  };
  const Message plain = publish("plain");
  EXPECT_EQ(plain.qos, 0);
  EXPECT_FALSE(plain.retain);
  EXPECT_FALSE(plain.properties.has(property::kSubscriptionIdentifier));
  const Message own = publish("own");
  EXPECT_EQ(own.qos, 1);
  EXPECT_EQ(own.properties.numbers(property::kSubscriptionIdentifier), (std::vector<std::uint64_t>{1}));
  reader.publish(name + "/o/own", "mine", 1);
  const Message retain = publish("retain");
  EXPECT_EQ(retain.payload, "retain") << "its own message does not come";
  EXPECT_EQ(retain.qos, 2);
  EXPECT_TRUE(retain.retain);
  EXPECT_EQ(retain.properties.numbers(property::kSubscriptionIdentifier),
            (std::vector<std::uint64_t>{kLargestIdentifier}));
  EXPECT_EQ(publish("new").qos, 1);
  EXPECT_EQ(publish("shared").topic, name + "/o/shared");
  MqttClient three = lasting(name + "-three", Version::V311);
  ASSERT_TRUE(three.connack().session_present);
  const Message message = three.receive();
  EXPECT_EQ(message.payload, "three");
  EXPECT_EQ(message.qos, 1);
}

void GoldenContents::expect_queues(const std::string& name) {
  MqttClient reader = lasting(name + "-queue");
  ASSERT_TRUE(reader.connack().session_present);
  for (const int number : {1, 2}) {
    const Message message = reader.receive();
    EXPECT_EQ(message.topic, name + "/q/" + std::to_string(number));
    EXPECT_EQ(message.qos, number);
    expect_all_properties(message);
    auto identifiers = message.properties.numbers(property::kSubscriptionIdentifier);
    std::sort(identifiers.begin(), identifiers.end());
    EXPECT_EQ(identifiers, (std::vector<std::uint64_t>{7, 8}));
  }
  for (const char* id : {"-many-1", "-many-2", "-many-3"})
    EXPECT_EQ(lasting(name + id).receive().payload, std::string(1500, 'm'));
}

void GoldenContents::expect_inbound(const std::string& name) {
  MqttClient sender = lasting(name + "-inbound");
  ASSERT_TRUE(sender.connack().session_present);
  for (const std::uint16_t id : kInboundIds) {
    sender.send_publish({.topic = name + "/in/" + std::to_string(id),
                         .payload = "in",
                         .qos = 2,
                         .dup = true,
                         .packet_id = id});
    sender.await_ack(Type::Pubrec, id);
    sender.send_ack(Type::Pubrel, id);
    EXPECT_EQ(sender.await_ack(Type::Pubcomp, id).reason, 0);
  }
  sender.publish(name + "/in/end", "end", 2);
  MqttClient reader = lasting(name + "-in-reader");
  EXPECT_EQ(reader.receive_payloads(3), (std::vector<std::string>{"in", "in", "end"}));
}

void GoldenContents::expect_outbound(const std::string& name) {
  MqttClient reader = lasting(name + "-outbound");
  ASSERT_TRUE(reader.connack().session_present);
  const Message one = reader.receive_unacknowledged();
  const Message two = reader.receive_unacknowledged();
  EXPECT_EQ(one.topic, name + "/out/1");
  EXPECT_EQ(two.topic, name + "/out/2");
  EXPECT_EQ(one.qos, 1);
  EXPECT_EQ(two.qos, 2);
  EXPECT_TRUE(one.dup);
  EXPECT_TRUE(two.dup);
  EXPECT_EQ(two.packet_id, one.packet_id + 1) << "they have the packet identifiers that they had";
  const auto three = static_cast<std::uint16_t>(two.packet_id + 1);
  reader.await_ack(Type::Pubrel, three);
  reader.send_ack(Type::Pubcomp, three);
  reader.acknowledge(one);
  reader.acknowledge(two);
  client(name + "-publisher").publish(name + "/out/5", "end", 1);
  EXPECT_EQ(reader.receive().payload, "end");
}

void GoldenContents::expect_group(const std::string& name) {
  std::vector<MqttClient> members;
  for (const char* id : {"-member-1", "-member-2"}) {
    members.push_back(lasting(name + id));
    ASSERT_TRUE(members.back().connack().session_present);
  }
  std::multiset<std::string> found;
  const auto deadline = Clock::now() + kPatience;
  while (found.size() < 6 && Clock::now() < deadline) {
    for (MqttClient& member : members)
      if (const auto message = member.try_receive(20ms)) found.insert(message->payload);
  }
  EXPECT_EQ(found, (std::multiset<std::string>{"0", "1", "2", "3", "4", "5"}));
}

void GoldenContents::expect_retained(const std::string& name) {
  MqttClient reader = client(name + "-late");
  reader.subscribe(name + "/kept/1", 2);
  const Message one = reader.receive();
  EXPECT_EQ(one.payload, "one");
  EXPECT_EQ(one.qos, 1);
  EXPECT_TRUE(one.retain);
  expect_all_properties(one);
  reader.subscribe(name + "/kept/2", 2);
  EXPECT_EQ(reader.receive().payload, "two");
}

}  // namespace hermod::integration
