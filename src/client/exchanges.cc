#include "client/exchanges.h"

namespace hermod::client {

using wire::PacketType;
using wire::ReasonCode;

wire::PacketId Exchanges::free_id() {
  do {
    next_ = next_ == 65535 ? std::uint16_t{1} : static_cast<std::uint16_t>(next_ + 1);
  } while (publishes_.contains(next_) || requests_.contains(next_));
  return wire::PacketId{next_};
}

wire::PacketId Exchanges::start_publish(wire::QoS qos) {
  const wire::PacketId id = free_id();
  publishes_[id.v] = qos == wire::QoS::AtLeastOnce ? State::AwaitPuback : State::AwaitPubrec;
  return id;
}

wire::PacketId Exchanges::start_request(PacketType type, std::size_t filters) {
  const wire::PacketId id = free_id();
  requests_[id.v] = {type, filters};
  return id;
}

bool Exchanges::finish_request(PacketType answer, wire::PacketId id, std::size_t reasons) {
  const auto found = requests_.find(id.v);
  if (found == requests_.end()) return false;
  const Request& request = found->second;
  const bool is_suback = answer == PacketType::Suback;
  if (is_suback != (request.type == PacketType::Subscribe)) return false;
  const bool has_none = !is_suback && reasons == 0;  // UNSUBACK of 3.x
  if (reasons != request.filters && !has_none) return false;
  requests_.erase(found);
  return true;
}

Exchanges::Step Exchanges::on_ack(const wire::Ack& ack) {
  Step step;
  if (ack.type == PacketType::Pubrel) {
    const bool was_held = held_.erase(ack.id.v);
    step.answer = wire::Ack{.type = PacketType::Pubcomp,
                            .id = ack.id,
                            .reason = was_held ? ReasonCode::Success : ReasonCode::PacketIdentifierNotFound};
    return step;  // [MQTT-4.3.3-11]
  }
  const auto found = publishes_.find(ack.id.v);
  const bool is_expected = found != publishes_.end() &&
                           ((ack.type == PacketType::Puback && found->second == State::AwaitPuback) ||
                            (ack.type == PacketType::Pubrec && found->second != State::AwaitPuback) ||
                            (ack.type == PacketType::Pubcomp && found->second == State::AwaitPubcomp));
  if (!is_expected) {
    step.is_foreign = true;
    if (ack.type == PacketType::Pubrec && !is_failure(ack.reason))
      step.answer =
          wire::Ack{.type = PacketType::Pubrel, .id = ack.id, .reason = ReasonCode::PacketIdentifierNotFound};
    return step;
  }
  if (ack.type == PacketType::Pubrec && !is_failure(ack.reason)) {
    found->second = State::AwaitPubcomp;
    step.answer = wire::Ack{.type = PacketType::Pubrel, .id = ack.id};  // [MQTT-4.3.3-4]
    return step;
  }
  publishes_.erase(found);
  step.is_finished = true;
  return step;
}

bool Exchanges::on_publish(const wire::Publish& publish) {
  return publish.qos != wire::QoS::ExactlyOnce || held_.insert(publish.id.v);  // [MQTT-4.3.3-10]
}

std::optional<wire::Ack> Exchanges::answer_to(const wire::Publish& publish) {
  if (publish.qos == wire::QoS::AtMostOnce) return std::nullopt;
  const bool is_first_qos = publish.qos == wire::QoS::AtLeastOnce;
  return wire::Ack{.type = is_first_qos ? PacketType::Puback : PacketType::Pubrec, .id = publish.id};
}

}  // namespace hermod::client
