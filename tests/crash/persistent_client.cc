#include "tests/crash/persistent_client.h"

#include <chrono>

namespace hermod::crash {

using namespace support;
using namespace std::chrono_literals;

void PersistentClient::start() {
  thread_ = std::thread([this] { run(); });
}

void PersistentClient::stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

void PersistentClient::run() {
  while (!stopping_) {
    try {
      if (!holds_ && connect()) serve();
    } catch (const Unexpected&) {
      // The broker died in the middle of something.
    }
    raw_.reset();
    leaves_ = false;
    std::this_thread::sleep_for(2ms);
  }
}

bool PersistentClient::connect() {
  raw_ = std::make_unique<RawClient>(port_);
  ConnectOptions options{.client_id = role_.id, .clean = false};
  options.properties.add(property::kSessionExpiryInterval, 3600);
  if (!raw_->try_send(connect_bytes(options))) return false;
  const auto answer = raw_->poll(kPatience);
  if (!answer) return false;
  const Connack connack = parse_connack(Version::V5, *answer);
  if (connack.reason != 0) return false;
  if (has_session_ && !connack.session_present) {
    ledger_.broken(role_.id + " lost its session");
    stopping_ = true;
    return false;
  }
  has_session_ = true;
  if (role_.offsets != nullptr) role_.offsets->connected(role_.id);
  if (!role_.subscriptions.empty() && !has_subscribed_ &&
      !raw_->try_send(subscribe_bytes(Version::V5, 65000, role_.subscriptions)))
    return false;
  return send_again();
}

/// What was unfinished, in its order. [MQTT-4.4.0-1]
bool PersistentClient::send_again() {
  std::string bytes;
  for (const Outgoing& out : outgoing_)
    bytes += out.released ? ack_bytes(Type::Pubrel, out.id) : publish_bytes_of(out, true);
  return bytes.empty() || raw_->try_send(bytes);
}

std::string PersistentClient::publish_bytes_of(const Outgoing& out, bool duplicate) const {
  const std::string way = role_.delay > 0 ? "$delayed/" + std::to_string(role_.delay) + "/" : "";
  return publish_bytes(Version::V5, {.topic = way + role_.topic,
                                     .payload = std::to_string(out.number) + std::string(role_.padding, ' '),
                                     .qos = role_.qos,
                                     .retain = role_.retain,
                                     .dup = duplicate,
                                     .packet_id = out.id});
}

void PersistentClient::serve() {
  while (!stopping_ && !leaves_ && !raw_->closed()) {
    publish_more();
    idle_ = (finishing_ || next_number_ == role_.most) && outgoing_.empty();
    if (const auto packet = raw_->poll(5ms)) on_packet(*packet);
  }
}

void PersistentClient::publish_more() {
  std::string bytes;
  while (!finishing_ && outgoing_.size() < role_.window && next_number_ < role_.most) {
    last_id_ = static_cast<std::uint16_t>(last_id_ % 60000 + 1);
    outgoing_.push_back({next_number_++, last_id_});
    ledger_.sent(role_.topic, role_.qos, outgoing_.back().number);
    bytes += publish_bytes_of(outgoing_.back(), false);
  }
  if (!bytes.empty()) raw_->try_send(bytes);
}

void PersistentClient::on_packet(const Packet& packet) {
  switch (packet.type) {
    case Type::Publish:
      return on_message(parse_publish(Version::V5, packet));
    case Type::Suback:
      if (parse_ack(Version::V5, Type::Suback, packet).reasons.at(0) >= 0x80)
        throw Unexpected("the broker refuses");
      has_subscribed_ = true;
      return;
    case Type::Puback:
    case Type::Pubrec:
    case Type::Pubcomp: {
      const Ack ack = parse_ack(Version::V5, packet.type, packet);
      // A refusal: the message stays on the way and is sent again with the next connection.
      if (ack.reason >= 0x80 && packet.type != Type::Pubcomp) throw Unexpected("the broker refuses");
      return on_answer(packet.type, ack.packet_id);
    }
    case Type::Pubrel: {
      const Ack ack = parse_ack(Version::V5, Type::Pubrel, packet);
      held_.erase(ack.packet_id);
      raw_->try_send(ack_bytes(Type::Pubcomp, ack.packet_id));
      return;
    }
    default:
      return;
  }
}

void PersistentClient::on_message(const Message& message) {
  if (role_.offsets != nullptr) return on_entry(message);
  // A subscriber of QoS 2 knows by the identifier whether it has seen the message. [MQTT-4.3.3-10]
  const bool first = message.qos == 2 ? held_.insert(message.packet_id).second : !message.dup;
  if (message.qos < 2 || first) ledger_.arrived(role_.id, message.topic, std::stoull(message.payload), first);
  if (message.qos > 0)
    raw_->try_send(ack_bytes(message.qos == 1 ? Type::Puback : Type::Pubrec, message.packet_id));
}

/// A reader of a stream knows by the offset whether it has seen the message.
void PersistentClient::on_entry(const Message& message) {
  for (const auto& [name, value] : message.properties.users()) {
    if (name != "offset") continue;
    const std::uint64_t number = std::stoull(message.payload);
    if (role_.offsets->arrived(role_.id, std::stoull(value), message.topic, number))
      ledger_.arrived(role_.id, message.topic, number, true);
  }
  raw_->try_send(ack_bytes(Type::Puback, message.packet_id));
}

void PersistentClient::on_answer(Type type, std::uint16_t id) {
  for (auto at = outgoing_.begin(); at != outgoing_.end(); ++at) {
    if (at->id != id) continue;
    if (type != Type::Pubcomp) ledger_.acknowledged(role_.topic, at->number);
    if (type == Type::Pubrec) {
      at->released = true;
      raw_->try_send(ack_bytes(Type::Pubrel, id));
    } else {
      outgoing_.erase(at);
    }
    return;
  }
}

}  // namespace hermod::crash
