#include "tests/crash/transaction_clients.h"

#include <algorithm>

namespace hermod::crash {

using namespace support;

namespace {

constexpr std::uint64_t kRollbackEach = 4;
constexpr std::uint16_t kSubscribeId = 65000;

}  // namespace

std::string TransactionSource::bytes_of(const Outgoing& out, bool duplicate) const {
  return publish_bytes(
      version(),
      {.topic = out.topic, .payload = out.payload, .qos = 2, .dup = duplicate, .packet_id = out.id});
}

/// What was unfinished, in its order. [MQTT-4.4.0-1]
void TransactionSource::greet() {
  std::string bytes;
  for (const Outgoing& out : outgoing_)
    bytes += out.is_released ? ack_bytes(Type::Pubrel, out.id) : bytes_of(out, true);
  if (!bytes.empty()) raw().try_send(bytes);
}

bool TransactionSource::step() {
  if (outgoing_.empty() && !name_.empty()) name_.clear();
  if (outgoing_.empty() && !is_finishing_) begin();
  is_idle_ = is_finishing_ && outgoing_.empty();
  return true;
}

/// All of it at once, its end included: the broker takes it in this order.
void TransactionSource::begin() {
  const std::uint64_t number = number_++;
  const std::uint64_t messages = 1 + number % 7;
  name_ = id() + "-" + std::to_string(number);
  ledger_.begun(name_, messages);
  const auto end =
      number % kRollbackEach == 1 ? TransactionLedger::End::Rollback : TransactionLedger::End::Commit;
  ledger_.wants(name_, end);
  const auto next_id = [this] { return last_id_ = static_cast<std::uint16_t>(last_id_ % 60000 + 1); };
  for (std::uint64_t i = 0; i < messages; ++i)
    outgoing_.push_back({"$tx/" + name_ + "/prepare/t/" + id(), name_ + " " + std::to_string(i), next_id()});
  outgoing_.push_back(
      {"$tx/" + name_ + (end == TransactionLedger::End::Commit ? "/commit" : "/rollback"), "", next_id()});
  std::string bytes;
  for (const Outgoing& out : outgoing_) bytes += bytes_of(out, false);
  raw().try_send(bytes);
}

void TransactionSource::on_packet(const Packet& packet) {
  if (packet.type != Type::Pubrec && packet.type != Type::Pubcomp) return;
  const Ack ack = parse_ack(version(), packet.type, packet);
  const auto out = std::find_if(outgoing_.begin(), outgoing_.end(),
                                [&](const Outgoing& one) { return one.id == ack.packet_id; });
  if (out == outgoing_.end()) return;
  if (packet.type == Type::Pubcomp) {
    outgoing_.erase(out);
    return;
  }
  if (ack.reason >= 0x80) {
    ledger_.broken(id() + " was answered " + std::to_string(ack.reason) + " for " + out->topic);
    outgoing_.erase(out);
    return;
  }
  if (out->payload.empty() && !out->is_released) ledger_.ended(name_);
  out->is_released = true;
  raw().try_send(ack_bytes(Type::Pubrel, ack.packet_id));
}

void TransactionSink::greet() {
  raw().try_send(subscribe_bytes(version(), kSubscribeId, {{filter_, 2}}));
}

/// A receiver of QoS 2 knows by the identifier whether it has taken the message. [MQTT-4.3.3-10]
void TransactionSink::on_packet(const Packet& packet) {
  if (packet.type == Type::Suback) {
    is_subscribed_ = true;
  } else if (packet.type == Type::Pubrel) {
    const Ack ack = parse_ack(version(), Type::Pubrel, packet);
    held_.erase(ack.packet_id);
    raw().try_send(ack_bytes(Type::Pubcomp, ack.packet_id));
  } else if (packet.type == Type::Publish) {
    const Message message = parse_publish(version(), packet);
    if (held_.insert(message.packet_id).second) {
      const std::size_t space = message.payload.find(' ');
      ledger_.arrived(id(), message.payload.substr(0, space), std::stoull(message.payload.substr(space + 1)));
    }
    raw().try_send(ack_bytes(Type::Pubrec, message.packet_id));
  }
}

}  // namespace hermod::crash
