#include "tests/sim/story_client.h"

#include <algorithm>
#include <utility>

#include "wire/property_writer.h"

namespace hermod::sim {

using test::Arrived;
using wire::PacketId;
using wire::PacketType;
using wire::QoS;
using wire::ReasonCode;

namespace {

constexpr std::uint32_t kForever = 0xFFFFFFFF;

}  // namespace

const Arrived* StoryClient::first_unanswered() const {
  for (const Arrived& one : to_answer_)
    if (one.type == PacketType::Publish) return &one;
  return nullptr;
}

void StoryClient::connect(std::shared_ptr<test::FakePeer> peer) {
  if (client_) end_connection();
  client_.emplace(std::move(peer), wire::Version::Mqtt5);
  wire::Connect packet;
  packet.version = wire::Version::Mqtt5;
  packet.client_id = id_;
  packet.clean_start = !is_durable_;
  wire::PropertyWriter properties;
  if (is_durable_) properties.add(wire::PropertyId::SessionExpiryInterval, kForever);
  packet.properties = properties.properties();
  client_->connect(packet);
  report_.note("client connects", -1, -1, -1, id_);
}

void StoryClient::drop(std::size_t arriving) {
  report_.note("client loses its connection", -1, -1, -1, id_);
  client_->peer().drop(arriving);
  end_connection();
}

void StoryClient::lose_broker() {
  if (!client_) return;
  receive(std::string::npos);
  if (client_) end_connection();
}

void StoryClient::end_connection() {
  events_.on_disconnected(*this);
  client_.reset();
  is_up_ = false;
  to_answer_.clear();
}

void StoryClient::publish(std::size_t number, std::string topic, QoS qos) {
  Exchange exchange{number, {}, std::move(topic), qos};
  if (qos != QoS::AtMostOnce) exchange.id = PacketId{++last_id_};
  send(exchange, false);
  if (qos != QoS::AtMostOnce) sent_.push_back(std::move(exchange));
}

void StoryClient::send(const Exchange& exchange, bool is_again) {
  if (exchange.is_released) return client_->ack(PacketType::Pubrel, exchange.id);
  const std::string payload = std::to_string(exchange.number);
  wire::Publish packet;
  packet.topic = exchange.topic;
  packet.payload = as_bytes(payload);
  packet.qos = exchange.qos;
  packet.id = exchange.id;
  packet.dup = is_again;
  client_->publish(packet);
  report_.note(is_again ? "sends again (message, QoS)" : "sends (message, QoS)",
               static_cast<std::int64_t>(exchange.number), static_cast<std::int64_t>(exchange.qos), -1, id_);
}

void StoryClient::subscribe(std::string_view filter, QoS qos, std::string_view stream_offset) {
  wire::PropertyWriter properties;
  if (!stream_offset.empty()) properties.add_user("stream-offset", stream_offset);
  wire::SubscribeFilterWriter filters;
  filters.add({.filter = filter, .qos = qos}, wire::Version::Mqtt5);
  client_->send(wire::Subscribe{PacketId{++last_id_}, filters.filters(), properties.properties()});
  report_.note("subscribes (QoS)", static_cast<std::int64_t>(qos), -1, -1,
               id_ + " " + std::string(filter) + " " + std::string(stream_offset));
}

void StoryClient::receive(std::size_t most) {
  if (!client_) return;
  for (const Arrived& packet : client_->receive(most)) {
    if (!client_ || report_.has_violation()) return;
    on_packet(packet);
  }
  if (client_ && client_->peer().is_ended_by_broker() && client_->peer().received() == 0) end_connection();
}

void StoryClient::on_packet(const Arrived& packet) {
  report_.note("receives (packet type, packet id)", static_cast<std::int64_t>(packet.type), packet.id.v, -1,
               id_ + " " + packet.payload + (packet.dup ? " dup" : ""));
  switch (packet.type) {
    case PacketType::Connack:
      return on_connack(packet);
    case PacketType::Suback:
      return events_.on_subscribed(*this, !is_failure(packet.reasons.at(0)));
    case PacketType::Publish:
      return on_publish(packet);
    case PacketType::Pubrel:
      to_answer_.push_back(packet);
      return;
    case PacketType::Puback:
    case PacketType::Pubrec:
    case PacketType::Pubcomp:
      return on_ack(packet);
    default:
      return;
  }
}

void StoryClient::on_connack(const Arrived& packet) {
  if (is_failure(packet.reason)) return;  // it closes
  is_up_ = true;
  if (!packet.session_present) {
    held_.clear();
    for (const Exchange& one : std::exchange(sent_, {})) events_.on_abandoned(one.number);
  }
  events_.on_connected(*this, packet.session_present);
  for (const Exchange& one : sent_) {
    send(one, true);
    if (!one.is_released) events_.on_sent_again(one.number);
  }
}

void StoryClient::on_publish(const Arrived& packet) {
  const bool is_new = packet.qos != QoS::ExactlyOnce || held_.insert(packet.id.v).second;
  if (packet.qos != QoS::AtMostOnce) to_answer_.push_back(packet);
  if (is_new) events_.on_message(*this, packet);
}

void StoryClient::on_ack(const Arrived& packet) {
  const auto found =
      std::find_if(sent_.begin(), sent_.end(), [&](const Exchange& one) { return one.id == packet.id; });
  if (found == sent_.end()) return report_.violation(id_ + " got an answer to nothing");
  const bool is_taken = !is_failure(packet.reason);
  if (packet.type == PacketType::Pubrec && is_taken) {
    if (!found->is_released) events_.on_answered(found->number, true);
    found->is_released = true;
    return client_->ack(PacketType::Pubrel, packet.id);
  }
  if (packet.type != PacketType::Pubcomp) events_.on_answered(found->number, is_taken);
  sent_.erase(found);
}

void StoryClient::answer(std::size_t most) {
  for (; most > 0 && is_up_ && !to_answer_.empty(); --most) {
    const Arrived packet = std::move(to_answer_.front());
    to_answer_.pop_front();
    if (packet.type == PacketType::Pubrel) {
      held_.erase(packet.id.v);
      client_->ack(PacketType::Pubcomp, packet.id);
    } else {
      client_->ack(packet.qos == QoS::AtLeastOnce ? PacketType::Puback : PacketType::Pubrec, packet.id);
    }
  }
}

}  // namespace hermod::sim
