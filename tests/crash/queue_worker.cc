#include "tests/crash/queue_worker.h"

#include <functional>

namespace hermod::crash {

using namespace support;
using plan::Fate;

namespace {

/// Behind the ack_timeout of the load.
constexpr std::chrono::milliseconds kLate{120};
/// A pause of a whole second for one in so many, because the ones behind it wait.
constexpr std::uint64_t kLongPauseEach = 160;

}  // namespace

QueueWorker::QueueWorker(std::uint16_t port, const std::string& id, Role role, QueueLedger& ledger)
    : ReturningClient(port, returning(id, role.version), ledger),
      role_(std::move(role)),
      random_(std::hash<std::string>{}(id)) {}

/// The subscription is part of the session, and repeating it changes nothing; a kill may have come before
/// SUBACK.
void QueueWorker::greet() {
  late_.clear();
  if (role_.leaves) leaves_after_ = 20 + random_() % 60;
  raw().try_send(subscribe_bytes(version(), 65000, {{role_.filter, role_.qos}}));
}

bool QueueWorker::step() {
  while (!late_.empty() && Clock::now() >= late_.front().due) {
    const Late late = std::move(late_.front());
    late_.pop_front();
    // On a slow machine it is not too late: then this is its end.
    done(late.message, late.it);
  }
  return !role_.leaves || leaves_after_ != 0;
}

void QueueWorker::on_packet(const Packet& packet) {
  if (packet.type == Type::Suback) {
    if (parse_ack(version(), Type::Suback, packet).reasons.at(0) >= 0x80)
      ledger().broken(id() + " may not subscribe to " + role_.filter);
    is_subscribed_ = true;
  } else if (packet.type == Type::Pubrel) {
    const Ack ack = parse_ack(version(), Type::Pubrel, packet);
    held_.erase(ack.packet_id);
    raw().try_send(ack_bytes(Type::Pubcomp, ack.packet_id));
  } else if (packet.type == Type::Publish) {
    on_message(parse_publish(version(), packet));
  }
}

void QueueWorker::on_message(const Message& message) {
  if (message.qos == 2 && !is_new(message)) return send_answer(message, reason::kSuccess);
  const Arrival it = arrival_of(message);
  ledger().arrived(it);
  // What it leaves behind unanswered is this message and what is still unread.
  if (role_.leaves && leaves_after_ > 0 && --leaves_after_ == 0) return;
  answer(message, it);
}

/// A receiver of QoS 2 knows by the identifier whether it has taken the message. [MQTT-4.3.3-10]
bool QueueWorker::is_new(const Message& message) {
  const auto held = held_.find(message.packet_id);
  if (held == held_.end()) return true;
  // It would be taken for a repetition, and be lost.
  if (held->second != plan::id_of(message.topic, std::stoull(message.payload)))
    ledger().broken(id() + " got " + message.topic + " " + message.payload +
                    " under an identifier under which it has " + held->second);
  return false;
}

Arrival QueueWorker::arrival_of(const Message& message) const {
  Arrival it{.queue = role_.queue, .consumer = id(), .topic = message.topic};
  it.number = std::stoull(message.payload);
  it.life = life();
  it.connection = connection();
  it.is_resent = message.dup;
  for (const auto& [name, value] : message.properties.users()) {
    if (name == "offset") it.offset = std::stoull(value);
    if (name == "x-delivery-count") it.count = std::stoull(value);
    if (name == "x-first-death-reason") it.death_reason = value;
    if (name == "x-first-death-queue") it.death_queue = value;
  }
  return it;
}

void QueueWorker::answer(const Message& message, const Arrival& it) {
  const Fate fate = plan::fate_of(it.number);
  // Half of what was given back goes on as everything else, and the other half dies again.
  const bool has_to_die = it.death_reason.empty() || plan::is_buried(it.number);
  if (role_.rejects && has_to_die && fate == Fate::Reject) {
    ledger().answering(it, QueueLedger::Answer::Reject);
    return send_answer(message, reason::kNotAuthorized);
  }
  if (role_.rejects && has_to_die && fate == Fate::Poison)
    return later(message, it, reason::kUnspecifiedError, nullptr);
  if (role_.is_slow && fate == Fate::Silent && keeps_silent(message, it)) return;
  const bool is_returned = fate == Fate::Later || fate == Fate::Full || fate == Fate::NackTopic;
  if (!role_.returns || !is_returned || !is_first(it)) return done(message, it);
  if (role_.version != Version::V5 || fate == Fate::NackTopic) return give_back_by_topic(message, it);
  if (fate == Fate::Later) return later(message, it, reason::kUnspecifiedError, nullptr);
  later(message, it, reason::kQuotaExceeded, it.number % kLongPauseEach == 5 ? "1" : "0");
}

/// Who is told no number of the delivery knows what it has given back itself.
bool QueueWorker::is_first(const Arrival& it) {
  return it.offset ? it.count == 1 : given_back_.insert({it.topic, it.number}).second;
}

/// Half of them are answered late, the others only when their connection has ended and they come again.
bool QueueWorker::keeps_silent(const Message& message, const Arrival& it) {
  if (it.count != 1 || it.is_resent) return false;
  if (plan::is_buried(it.number)) late_.push_back({Clock::now() + kLate, message, it});
  return true;
}

void QueueWorker::done(const Message& message, const Arrival& it) {
  ledger().answering(it, QueueLedger::Answer::Done);
  if (message.qos == 2) held_[message.packet_id] = plan::id_of(it.topic, it.number);
  if (message.qos > 0) send_answer(message, reason::kSuccess);
}

void QueueWorker::later(const Message& message, const Arrival& it, std::uint8_t reason, const char* seconds) {
  ledger().answering(it, QueueLedger::Answer::Later);
  Properties properties;
  if (seconds != nullptr) properties.user("retry-after", seconds);
  send_answer(message, reason, properties);
}

/// The answer to the message itself comes behind it and means nothing more. At QoS 2 it would take it.
void QueueWorker::give_back_by_topic(const Message& message, const Arrival& it) {
  if (message.qos == 2) return done(message, it);
  ledger().answering(it, QueueLedger::Answer::Later);
  const std::string which = it.offset ? std::to_string(*it.offset) : "oldest";
  last_nack_ = static_cast<std::uint16_t>(last_nack_ % 60000 + 1);
  raw().try_send(publish_bytes(
      version(),
      {.topic = "$queue/" + role_.queue + "/$nack/" + which + "/0", .qos = 1, .packet_id = last_nack_}));
  send_answer(message, reason::kSuccess);
}

void QueueWorker::send_answer(const Message& message, std::uint8_t reason, const Properties& properties) {
  const Type type = message.qos == 2 ? Type::Pubrec : Type::Puback;
  raw().try_send(ack_bytes(type, message.packet_id, reason, properties));
}

}  // namespace hermod::crash
