#include "tests/crash/queue_source.h"

#include <algorithm>

namespace hermod::crash {

using namespace support;

namespace {

/// So many messages that have not come to their end are enough to have something in every state.
constexpr std::uint64_t kEnough = 60;

bool has_said(const Ack& ack, std::string_view name) {
  for (const auto& [key, value] : ack.properties.users())
    if (key == name) return true;
  return false;
}

}  // namespace

QueueSource::QueueSource(std::uint16_t port, const std::string& id, Role role, QueueLedger& ledger)
    : ReturningClient(port, role.repeats ? ConnectOptions{.client_id = id} : returning(id), ledger),
      role_(std::move(role)) {}

/// What was unfinished, in its order. [MQTT-4.4.0-1]
void QueueSource::greet() {
  if (role_.repeats) {
    // PUBREC has said that it is stored, and the rest of the exchange ended with the session.
    std::erase_if(outgoing_, [](const Outgoing& out) { return out.is_released; });
    for (Outgoing& out : outgoing_) out.id = new_id();
  }
  std::string bytes;
  for (const Outgoing& out : outgoing_) {
    if (!out.is_released) ledger().sent(role_.topic, role_.qos, out.number);
    bytes += out.is_released ? ack_bytes(Type::Pubrel, out.id) : bytes_of(out, !role_.repeats);
  }
  if (!bytes.empty()) raw().try_send(bytes);
}

bool QueueSource::step() {
  publish_more();
  is_idle_ = is_finishing_ && outgoing_.empty();
  return true;
}

bool QueueSource::may_publish() {
  if (is_finishing_ || outgoing_.size() >= role_.window || Clock::now() < next_time_) return false;
  return std::none_of(role_.waits_for.begin(), role_.waits_for.end(),
                      [&](const std::string& queue) { return ledger().open_count(queue) > kEnough; });
}

void QueueSource::publish_more() {
  if (!may_publish()) return;
  std::string bytes;
  while (outgoing_.size() < role_.window) {
    constexpr std::uint64_t kRepeatsEach = 8;
    const std::size_t at = outgoing_.size();
    outgoing_.push_back({next_number_, new_id()});
    ledger().sent(role_.topic, role_.qos, next_number_++);
    // Behind one that was acknowledged; one that is on the way would wait for itself.
    const std::uint64_t number = outgoing_[at].number;
    bytes += bytes_of(outgoing_[at], false);
    if (role_.repeats && number % kRepeatsEach == kRepeatsEach - 1 && outgoing_.front().number > 0) {
      outgoing_.push_back({outgoing_.front().number - 1, new_id(), false, true});
      ledger().sent(role_.topic, role_.qos, outgoing_.back().number);
      bytes += bytes_of(outgoing_.back(), false);
    }
  }
  raw().try_send(bytes);
  next_time_ = Clock::now() + role_.pause;
}

void QueueSource::on_packet(const Packet& packet) {
  if (packet.type != Type::Puback && packet.type != Type::Pubrec && packet.type != Type::Pubcomp) return;
  const Ack ack = parse_ack(version(), packet.type, packet);
  const auto out = std::find_if(outgoing_.begin(), outgoing_.end(),
                                [&](const Outgoing& one) { return one.id == ack.packet_id; });
  if (out == outgoing_.end()) return;
  if (packet.type != Type::Pubcomp) on_answer(ack, *out);
  if (packet.type == Type::Pubrec && ack.reason < 0x80) {
    out->is_released = true;
    raw().try_send(ack_bytes(Type::Pubrel, ack.packet_id));
  } else {
    outgoing_.erase(out);
  }
}

void QueueSource::on_answer(const Ack& ack, Outgoing& out) {
  if (ack.reason >= 0x80) {
    if (ack.reason == reason::kQuotaExceeded && ledger().may_refuse(role_.topic))
      return ledger().refused(role_.topic, out.number);
    return ledger().broken(id() + " was answered " + std::to_string(ack.reason) + " for " +
                           std::to_string(out.number));
  }
  if (has_said(ack, "duplicate")) ledger().told_duplicate(role_.topic, out.number);
  // At QoS 2 the answer to one that was sent again under its identifier says the same once more.
  if (has_said(ack, "msg-ref") && role_.repeats) ledger().told_stored(role_.topic, out.number);
  if (!out.is_repetition) ledger().acknowledged(role_.topic, out.number);
}

std::uint16_t QueueSource::new_id() {
  last_id_ = static_cast<std::uint16_t>(last_id_ % 60000 + 1);
  return last_id_;
}

std::string QueueSource::bytes_of(const Outgoing& out, bool duplicate) const {
  return publish_bytes(version(), {.topic = role_.topic,
                                   .payload = std::to_string(out.number),
                                   .qos = role_.qos,
                                   .dup = duplicate,
                                   .packet_id = out.id,
                                   .properties = plan::said_of(role_.topic, out.number)});
}

}  // namespace hermod::crash
