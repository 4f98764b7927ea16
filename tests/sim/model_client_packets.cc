// What a model client does with the packets it receives.

#include <algorithm>

#include "tests/sim/model_client.h"

namespace hermod::sim {

using wire::PacketId;
using wire::PacketType;
using wire::QoS;
using wire::ReasonCode;
using wire::Version;

namespace {

/// What a broker may tell a client that keeps every rule.
bool is_innocent(ReasonCode reason, bool store_fails) {
  switch (reason) {
    case ReasonCode::SessionTakenOver:
    case ReasonCode::KeepAliveTimeout:
    case ReasonCode::ServerShuttingDown:
    case ReasonCode::ServerBusy:
    case ReasonCode::ServerUnavailable:
    case ReasonCode::QuotaExceeded:
      return true;
    case ReasonCode::UnspecifiedError:
    case ReasonCode::ImplementationSpecificError:
      return store_fails;
    default:
      return false;
  }
}

}  // namespace

void ModelClient::receive(std::size_t most) {
  if (!connection_) return;
  const auto peer = connection_->peer;
  const std::vector<test::Arrived> packets = connection_->client.receive(most);
  for (const test::Arrived& packet : packets) {
    if (!connection_ || report_.has_violation()) return;
    on_packet(packet);
  }
  if (connection_ && connection_->peer == peer && peer->is_ended_by_broker() && peer->received() == 0)
    hang_up();
}

void ModelClient::on_packet(const test::Arrived& packet) {
  report_.note("client receives (client, packet type, packet id)", static_cast<std::int64_t>(index_),
               static_cast<std::int64_t>(packet.type), packet.id.v,
               packet.topic + (packet.dup ? " dup " : " ") + (packet.retain ? "retained " : "") +
                   packet.payload.substr(0, packet.payload.find('.')) +
                   (packet.session_present ? " present" : ""));
  if (packet.type == PacketType::Connack) return on_connack(packet);
  if (!connection_->up && packet.type != PacketType::Disconnect)
    return report_.violation(who("a packet came before CONNACK"));
  switch (packet.type) {
    case PacketType::Publish:
      return on_publish(packet);
    case PacketType::Puback:
    case PacketType::Pubrec:
    case PacketType::Pubcomp:
      return on_ack(packet);
    case PacketType::Pubrel:
      return on_pubrel(packet);
    case PacketType::Suback:
    case PacketType::Unsuback:
      return on_request_answer(packet);
    case PacketType::Disconnect:
      return on_disconnect(packet);
    default:
      return;  // PINGRESP
  }
}

void ModelClient::on_connack(const test::Arrived& packet) {
  if (connection_->up) return report_.violation(who("a second CONNACK"));
  if (packet.reason != ReasonCode::Success) {
    if (!is_innocent(packet.reason, ledger_.is_disturbed()))
      report_.violation(who("refused with " + std::string(wire::name_of(packet.reason))));
    connection_->peer->finish();
    return end_connection();
  }
  connection_->up = true;
  connection_->send_quota = packet.receive_maximum.value_or(65535);
  if (packet.session_present && connection_->clean)
    return report_.violation(who("Session Present after a Clean Start"));  // [MQTT-3.2.2-2]
  // MQTT 3.1 has no such flag: its client has to believe that what it left is there.
  const bool present = profile_.version == Version::Mqtt31 ? must_have_session_ : packet.session_present;
  judge_session_present(present);
  judge_will_of_last_connection(present);
  wants_clean_ = false;
  if (!present) lose_session();
  book_.connected(report_.moment().step);
  session_expiry_ = profile_.version == Version::Mqtt5 ? connection_->expiry
                    : connection_->clean               ? 0
                                                       : kNever;
  must_have_session_ = session_expiry_ > 0;
  must_be_new_ = false;
  if (connection_->will) ledger_.at(*connection_->will).will->recorded = session_expiry_ > 0;
  if (!patient_ || outgoing_.empty()) go_on();
}

void ModelClient::go_on() {
  if (connection_->resumed) return;
  connection_->resumed = true;
  resume();
  send_waiting();
}

void ModelClient::judge_session_present(bool present) {
  if (present && must_be_new_ && !ledger_.is_disturbed() && profile_.version != Version::Mqtt31)
    report_.violation(who("a session that ended with its connection came back"));
  if (!last_end_) return;
  const auto away = report_.moment().time - last_end_->time;
  const bool expired = session_expiry_ != kNever && away >= std::chrono::seconds(session_expiry_);
  if (!present && must_have_session_ && !expired && !ledger_.is_disturbed())
    report_.violation(who("the session was lost"));
}

/// Resumed within the delay: the will is never published. A new session at the first attempt: it must be.
void ModelClient::judge_will_of_last_connection(bool present) {
  if (!last_will_) return;
  WillFate& will = *ledger_.at(*last_will_).will;
  if (!present) {
    will.due = will.due || attempts_ == 1;
  } else if (will.not_before && report_.moment().time < *will.not_before) {
    will.withdrawn = true;
  }
  last_will_.reset();
}

/// Everything unfinished is sent again, in the original order. [MQTT-4.4.0-1] [MQTT-4.6.0-1]
void ModelClient::resume() {
  for (Outgoing& out : outgoing_) {
    --connection_->send_quota;
    out.sent_again = true;
    if (out.released) {
      connection_->client.ack(PacketType::Pubrel, out.id);
    } else {
      ledger_.at(out.number).again = true;
      send_outgoing(out, true);
    }
  }
}

void ModelClient::on_publish(const test::Arrived& packet) {
  const Receiver self{index_, session_, book_};
  if (packet.qos == QoS::AtMostOnce) return ledger_.arrived(self, packet);
  if (!connection_->unanswered.insert(packet.id).second)
    return report_.violation(
        who("packet id " + std::to_string(packet.id.v) + " is in flight twice"));  // [MQTT-2.2.1-4]
  if (connection_->unanswered.size() > profile_.receive_maximum)
    return report_.violation(who("more than Receive Maximum in flight"));  // [MQTT-3.3.4-9]
  if (packet.qos == QoS::AtLeastOnce) {
    connection_->answers.push_back({PacketType::Puback, packet.id});
    return ledger_.arrived(self, packet);
  }
  connection_->answers.push_back({PacketType::Pubrec, packet.id});
  if (received_.insert(packet.id).second) {
    ledger_.arrived(self, packet);
  } else if (!packet.dup) {
    report_.violation(who("packet id " + std::to_string(packet.id.v) + " used again before its end"));
  }
}

void ModelClient::on_ack(const test::Arrived& packet) {
  const auto found = std::find_if(outgoing_.begin(), outgoing_.end(),
                                  [&](const Outgoing& out) { return out.id == packet.id; });
  if (found == outgoing_.end())
    return report_.violation(
        who("an answer for packet id " + std::to_string(packet.id.v) + ", which is free"));
  const auto position = static_cast<std::size_t>(found - outgoing_.begin());
  const bool first_answer =
      !found->released &&
      packet.type == (found->qos == QoS::AtLeastOnce ? PacketType::Puback : PacketType::Pubrec);
  const bool last_answer = found->released && packet.type == PacketType::Pubcomp;
  if (!first_answer && !last_answer)
    return report_.violation(who("answer " + std::string(wire::name_of(packet.type)) +
                                 " is out of turn for id " + std::to_string(packet.id.v)));
  if (packet.type == PacketType::Pubcomp) {
    // 0x92 answers a PUBREL that was sent again on a new connection after the broker had forgotten the id.
    outgoing_.erase(found);
    ++connection_->send_quota;
    return send_waiting();
  }
  if (packet.type == PacketType::Puback || is_failure(packet.reason)) return finish(position, packet.reason);
  Sent& sent = ledger_.at(found->number);
  sent.fate = Sent::Fate::Acked;
  sent.acked = report_.moment().step;
  found->released = true;
  connection_->answers.push_back({PacketType::Pubrel, packet.id});
}

/// The first answer was the last: PUBACK, or PUBREC with an error.
void ModelClient::finish(std::size_t position, ReasonCode reason) {
  Sent& sent = ledger_.at(outgoing_[position].number);
  if (is_failure(reason)) {
    if (!is_innocent(reason, ledger_.is_disturbed()))
      report_.violation(who("a PUBLISH was refused with " + std::string(wire::name_of(reason))));
    // When it was sent before at QoS 1, the broker may have taken it then.
    const bool uncertain = outgoing_[position].sent_again && outgoing_[position].qos == QoS::AtLeastOnce;
    sent.fate = uncertain ? Sent::Fate::Abandoned : Sent::Fate::Refused;
  } else {
    sent.fate = Sent::Fate::Acked;
    sent.acked = report_.moment().step;
  }
  outgoing_.erase(outgoing_.begin() + static_cast<std::ptrdiff_t>(position));
  ++connection_->send_quota;
  send_waiting();
}

void ModelClient::on_pubrel(const test::Arrived& packet) {
  received_.erase(packet.id);
  connection_->answers.push_back({PacketType::Pubcomp, packet.id});
}

void ModelClient::on_request_answer(const test::Arrived& packet) {
  auto& requests = connection_->requests;
  const auto found = std::find_if(requests.begin(), requests.end(), [&](const Request& request) {
    return request.id == packet.id && request.unsubscribe == (packet.type == PacketType::Unsuback);
  });
  if (found == requests.end()) return report_.violation(who("a SUBACK or UNSUBACK that nobody asked for"));
  const bool has_reasons = packet.type == PacketType::Suback || profile_.version == Version::Mqtt5;
  if (has_reasons && packet.reasons.size() != found->filters.size())
    return report_.violation(who("not one reason code per filter"));
  const std::uint64_t step = report_.moment().step;
  for (std::size_t i = 0; i < found->filters.size(); ++i) {
    const ReasonCode reason = has_reasons ? packet.reasons[i] : ReasonCode::Success;
    if (is_failure(reason)) {
      if (!ledger_.is_disturbed()) return report_.violation(who("a subscription was refused"));
      continue;  // nothing is known of it any more
    }
    if (found->unsubscribe) {
      book_.left(found->filters[i], step);
    } else {
      book_.granted(found->filters[i], step);
    }
  }
  requests.erase(found);
}

void ModelClient::on_disconnect(const test::Arrived& packet) {
  if (!is_innocent(packet.reason, ledger_.is_disturbed()))
    report_.violation(who("disconnected with " + std::string(wire::name_of(packet.reason))));
  connection_->peer->finish();
  end_without_goodbye();
}

}  // namespace hermod::sim
