#include "tests/support/mqtt_client.h"

#include <algorithm>
#include <utility>

namespace hermod::support {
namespace {

std::string in_hex(std::uint8_t reason) {
  return "0x" + to_hex(std::string(1, static_cast<char>(reason)));
}

}  // namespace

MqttClient::MqttClient(std::uint16_t port, ConnectOptions options, Where where)
    : MqttClient(RawClient(port), std::move(options), where) {}

MqttClient::MqttClient(RawClient raw, ConnectOptions options, Where where)
    : raw_(std::move(raw)), options_(std::move(options)) {
  raw_.send(connect_bytes(options_), where);
  connack_ = parse_connack(options_.version, raw_.next(kPatience, where));
  if (connack_.reason != 0) fail(where, "CONNACK " + in_hex(connack_.reason));
}

std::uint16_t MqttClient::new_packet_id() {
  ++last_packet_id_;
  if (last_packet_id_ == 0) ++last_packet_id_;
  return last_packet_id_;
}

Packet MqttClient::await(Type type, Millis limit, Where where) {
  const auto found =
      std::find_if(kept_.begin(), kept_.end(), [type](const Packet& p) { return p.type == type; });
  if (found != kept_.end()) {
    Packet packet = std::move(*found);
    kept_.erase(found);
    return packet;
  }
  const auto deadline = Clock::now() + limit;
  while (true) {
    const auto left = std::chrono::ceil<Millis>(deadline - Clock::now());
    Packet packet = raw_.next(std::max(left, Millis(0)), where);
    if (packet.type == type) return packet;
    if (packet.type == Type::Disconnect) fail(where, "the broker disconnected: " + describe(packet));
    kept_.push_back(std::move(packet));
  }
}

Ack MqttClient::await_ack(Type type, std::uint16_t packet_id, Where where) {
  const Packet packet = await(type, kPatience, where);
  Ack ack = parse_ack(version(), type, packet);
  if (ack.packet_id != packet_id) {
    fail(where, "packet identifier " + std::to_string(packet_id) + " expected: " + describe(packet));
  }
  return ack;
}

void MqttClient::send_ack(Type type, std::uint16_t packet_id, std::uint8_t reason,
                          const Properties& properties, Where where) {
  raw_.send(ack_bytes(type, packet_id, reason, properties), where);
}

Ack MqttClient::subscribe(std::string_view filter, std::uint8_t qos, std::uint8_t options,
                          const Properties& properties, Where where) {
  Ack ack = subscribe_all({{std::string(filter), qos, options}}, properties, where);
  if (ack.reasons.at(0) > 2) fail(where, "SUBACK " + in_hex(ack.reasons[0]) + " for " + std::string(filter));
  return ack;
}

Ack MqttClient::subscribe_all(const std::vector<Subscription>& subscriptions, const Properties& properties,
                              Where where) {
  const std::uint16_t id = new_packet_id();
  raw_.send(subscribe_bytes(version(), id, subscriptions, properties), where);
  Ack ack = await_ack(Type::Suback, id, where);
  if (ack.reasons.size() != subscriptions.size()) fail(where, "SUBACK without one reason per filter");
  return ack;
}

Ack MqttClient::unsubscribe(const std::vector<std::string>& filters, Where where) {
  const std::uint16_t id = new_packet_id();
  raw_.send(unsubscribe_bytes(version(), id, filters), where);
  Ack ack = await_ack(Type::Unsuback, id, where);
  if (version() == Version::V5 && ack.reasons.size() != filters.size()) {
    fail(where, "UNSUBACK without one reason per filter");
  }
  return ack;
}

std::uint16_t MqttClient::send_publish(PublishOptions publish, Where where) {
  if (publish.qos > 0 && publish.packet_id == 0) publish.packet_id = new_packet_id();
  raw_.send(publish_bytes(version(), publish), where);
  return publish.packet_id;
}

Ack MqttClient::publish(PublishOptions publish, Where where) {
  const std::uint8_t qos = publish.qos;
  const std::uint16_t id = send_publish(std::move(publish), where);
  if (qos == 0) return {};
  if (qos == 1) return await_ack(Type::Puback, id, where);
  Ack ack = await_ack(Type::Pubrec, id, where);
  if (ack.reason >= 0x80) return ack;
  send_ack(Type::Pubrel, id, 0, {}, where);
  const Ack complete = await_ack(Type::Pubcomp, id, where);
  if (complete.reason != 0) fail(where, "PUBCOMP " + in_hex(complete.reason));
  return ack;
}

Ack MqttClient::publish(std::string_view topic, std::string_view payload, std::uint8_t qos, Where where) {
  return publish({.topic = std::string(topic), .payload = std::string(payload), .qos = qos}, where);
}

Message MqttClient::receive_unacknowledged(Millis limit, Where where) {
  return parse_publish(version(), await(Type::Publish, limit, where));
}

void MqttClient::acknowledge(const Message& message, Where where) {
  if (message.qos == 1) send_ack(Type::Puback, message.packet_id, 0, {}, where);
  if (message.qos != 2) return;
  send_ack(Type::Pubrec, message.packet_id, 0, {}, where);
  await_ack(Type::Pubrel, message.packet_id, where);
  send_ack(Type::Pubcomp, message.packet_id, 0, {}, where);
}

Message MqttClient::receive(Where where) {
  Message message = receive_unacknowledged(kPatience, where);
  acknowledge(message, where);
  return message;
}

std::optional<Message> MqttClient::try_receive(Millis limit, Where where) {
  const auto is_publish = [](const Packet& p) { return p.type == Type::Publish; };
  const auto deadline = Clock::now() + limit;
  while (std::none_of(kept_.begin(), kept_.end(), is_publish)) {
    const auto left = std::chrono::ceil<Millis>(deadline - Clock::now());
    std::optional<Packet> packet = raw_.poll(std::max(left, Millis(0)));
    if (!packet) return std::nullopt;
    kept_.push_back(*std::move(packet));
  }
  return receive(where);
}

std::vector<std::string> MqttClient::receive_payloads(std::size_t count, Where where) {
  std::vector<std::string> payloads;
  while (payloads.size() < count) payloads.push_back(receive(where).payload);
  return payloads;
}

void MqttClient::expect_quiet(Millis duration, Where where) {
  const auto deadline = Clock::now() + duration;
  while (true) {
    for (const Packet& packet : kept_) {
      if (packet.type == Type::Publish) fail(where, "no message expected: " + describe(packet));
    }
    const auto left = std::chrono::ceil<Millis>(deadline - Clock::now());
    if (left <= Millis(0)) return;
    std::optional<Packet> packet = raw_.poll(left);
    if (packet) kept_.push_back(*std::move(packet));
    if (raw_.closed()) fail(where, "the broker closed while silence was expected");
  }
}

void MqttClient::ping(Where where) {
  raw_.send(pingreq_bytes(), where);
  await(Type::Pingresp, kPatience, where);
}

void MqttClient::disconnect(std::uint8_t reason, const Properties& properties, Where where) {
  raw_.send(disconnect_bytes(version(), reason, properties), where);
  if (!raw_.drain_until_closed()) fail(where, "the broker did not close after DISCONNECT");
  raw_.close();
}

void MqttClient::expect_ended(std::initializer_list<std::uint8_t> reasons, Millis limit, Where where) {
  const auto deadline = Clock::now() + limit;
  std::optional<Disconnect> last;
  while (true) {
    const auto left = std::chrono::ceil<Millis>(deadline - Clock::now());
    const std::optional<Packet> packet = raw_.poll(std::max(left, Millis(0)));
    if (!packet) break;
    if (last) fail(where, "a packet after DISCONNECT: " + describe(*packet));
    if (packet->type == Type::Disconnect) last = parse_disconnect(*packet);
  }
  if (!raw_.closed()) fail(where, "the broker did not end the connection");
  if (version() != Version::V5) {
    if (last) fail(where, "a server sends no DISCONNECT in MQTT 3");
    return;
  }
  if (!last) fail(where, "closed without DISCONNECT");
  if (std::find(reasons.begin(), reasons.end(), last->reason) == reasons.end()) {
    fail(where, "DISCONNECT with the wrong reason " + in_hex(last->reason));
  }
}

}  // namespace hermod::support
