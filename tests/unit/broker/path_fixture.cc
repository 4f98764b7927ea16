#include "tests/unit/broker/path_fixture.h"

#include <array>
#include <cstdio>
#include <utility>

#include "base/assert.h"
#include "base/log.h"
#include "session/records.h"
#include "store/group_codec.h"
#include "wire/property_writer.h"

namespace hermod::broker::testing {

using test::Arrived;
using wire::PropertyId;

namespace {

constexpr std::uint32_t kHour = 3600;

std::string hexadecimal(ReasonCode reason) {
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "0x%02X", static_cast<unsigned>(reason));
  return text.data();
}

std::string text_of(const Arrived& packet) {
  std::string text(wire::name_of(packet.type));
  if (packet.type == PacketType::Publish) {
    text += " " + packet.topic + "=" + packet.payload;
    if (packet.qos != kQoS0) text += packet.qos == kQoS1 ? " q1" : " q2";
  }
  if (packet.id.v != 0) text += " #" + std::to_string(packet.id.v);
  for (const ReasonCode reason : packet.reasons) text += " " + hexadecimal(reason);
  if (packet.reason != ReasonCode::Success) text += " " + hexadecimal(packet.reason);
  if (packet.dup) text += " dup";
  if (packet.retain) text += " retain";
  if (packet.session_present) text += " present";
  return text;
}

std::string text_of(const store::Op& op) {
  static constexpr std::array<const char*, store::kTableCount> kTables{
      "Messages", "Entries", "Sessions", "Subscriptions", "InboundIds", "Retained",
      "Delayed",  "Meta",    "Streams",  "Queues",        "Deliveries", "MessageIds"};
  using Kind = store::Op::Kind;
  switch (op.kind) {
    case Kind::Append:
      return "append";
    case Kind::AppendShared:
      return "append shared";
    case Kind::PutEntry:
      return "put Entries";
    case Kind::EraseEntry:
      return "erase Entries";
    case Kind::EraseStream:
      return "erase stream";
    case Kind::Put:
    case Kind::Erase:
      break;
  }
  const std::string verb = op.kind == Kind::Put ? "put " : "erase ";
  const auto session = session::decode_session(op.table == store::Table::Sessions ? op.value : Bytes{});
  const bool will = op.kind == Kind::Put && session && session->will;
  return verb + kTables[static_cast<std::size_t>(op.table)] + (will ? " with will" : "");
}

}  // namespace

std::vector<std::string> heard(FakeClient& client) {
  std::vector<std::string> texts;
  for (const Arrived& packet : client.receive()) texts.push_back(text_of(packet));
  if (client.peer().is_ended_by_broker()) texts.emplace_back("end");
  return texts;
}

void PathTest::SetUpTestSuite() {
  log::set_level(log::Level::Error);
}

test::SteppedBroker& PathTest::broker() {
  if (!broker_) broker_.emplace(options_, &journal());
  return *broker_;
}

FakeClient PathTest::call(const Login& login) {
  auto peer = broker().connect(login.shard);
  peer->make_room(login.room);
  FakeClient client(std::move(peer), login.version);
  wire::Connect packet;
  packet.version = login.version;
  packet.client_id = login.client_id;
  packet.clean_start = login.clean || (!client.is_v5() && !login.durable);
  packet.keep_alive = login.keep_alive;
  wire::PropertyWriter properties;
  if (client.is_v5()) {
    properties.add(PropertyId::SessionExpiryInterval, login.expiry.value_or(login.durable ? kHour : 0));
    if (login.receive_maximum != 65535) properties.add(PropertyId::ReceiveMaximum, login.receive_maximum);
    if (login.maximum_packet_size != 0)
      properties.add(PropertyId::MaximumPacketSize, login.maximum_packet_size);
    if (!login.problem_information) properties.add(PropertyId::RequestProblemInformation, 0);
    if (login.response_information) properties.add(PropertyId::RequestResponseInformation, 1);
    if (!login.authentication_method.empty())
      properties.add(PropertyId::AuthenticationMethod, login.authentication_method);
    packet.properties = properties.properties();
  }
  wire::PropertyWriter will_properties;
  if (login.will) {
    packet.will =
        wire::Will{login.will->topic, as_bytes(login.will->payload), login.will->qos, login.will->retain, {}};
    if (login.will->delay != 0) will_properties.add(PropertyId::WillDelayInterval, login.will->delay);
    if (login.will->text) will_properties.add(PropertyId::PayloadFormatIndicator, 1);
    packet.will->properties = will_properties.properties();
  }
  client.connect(packet);
  return client;
}

FakeClient PathTest::login(const Login& login) {
  FakeClient client = call(login);
  settle();
  const auto answer = heard(client);
  EXPECT_THAT(answer, ::testing::Contains(::testing::AnyOf("CONNACK", "CONNACK present")));
  return client;
}

void PathTest::publish(FakeClient& from, const Words& words) {
  wire::Publish packet;
  packet.topic = words.topic;
  packet.payload = as_bytes(words.payload);
  packet.qos = words.qos;
  packet.id = wire::PacketId{words.id};
  packet.retain = words.retain;
  packet.dup = words.dup;
  wire::PropertyWriter properties;
  if (words.expiry) properties.add(PropertyId::MessageExpiryInterval, *words.expiry);
  if (from.is_v5()) packet.properties = properties.properties();
  from.publish(packet);
}

void PathTest::subscribe(FakeClient& client, std::string_view filter, QoS qos) {
  subscribe(client, wire::SubscribeFilter{filter, qos});
}

void PathTest::subscribe(FakeClient& client, const wire::SubscribeFilter& filter) {
  client.subscribe({1}, {filter});
  settle();
  const auto packets = client.receive();
  ASSERT_FALSE(packets.empty());
  ASSERT_EQ(packets.front().type, PacketType::Suback);
  ASSERT_FALSE(is_failure(packets.front().reasons.at(0))) << filter.filter;
}

void PathTest::repair_store() {
  broker().committer().resume(GroupNo{journal_.last().v + 1});
  settle();
}

std::vector<std::string> PathTest::written() {
  std::vector<std::string> batches;
  const Status status = journal_.replay(next_to_read_, [&](GroupNo number, Bytes record) -> Status {
    next_to_read_ = GroupNo{number.v + 1};
    const auto group = store::decode_group(record);
    HERMOD_ASSERT(group.has_value());
    for (const store::EncodedBatch& batch : group->batches) {
      std::string text;
      store::OpReader ops(batch);
      while (const auto op = ops.next())
        if (op->table != store::Table::Streams)  // the committer's own
          text += (text.empty() ? "" : ", ") + text_of(*op);
      if (!text.empty()) batches.push_back(std::move(text));
    }
    return {};
  });
  EXPECT_TRUE(status.has_value());
  return batches;
}

std::uint32_t PathTest::queued(std::string_view client_id) {
  const auto id = broker().directory().find(client_id);
  return id ? broker().directory().slots().fill(*id).messages : 0;
}

}  // namespace hermod::broker::testing
