#include "publisher_flow.h"

#include <algorithm>

namespace hermod::bench {
namespace {
constexpr std::uint8_t kNoMatchingSubscribers = 0x10;
constexpr std::uint8_t kFirstError = 0x80;
}  // namespace

PublisherFlow::PublisherFlow(PublishTemplate publish, std::uint32_t publisher, int qos, std::uint16_t window,
                             Version version)
    : publish_(std::move(publish)), publisher_(publisher), qos_(qos), version_(version) {
  if (qos_ == 0) return;
  slots_.resize(std::max<std::uint16_t>(window, 1));
  for (std::size_t id = 1; id <= slots_.size(); ++id) free_ids_.push_back(static_cast<std::uint16_t>(id));
}

void PublisherFlow::put_publish(std::uint16_t packet_id, const Slot& slot, bool dup, std::string& out) {
  publish_.append(out, packet_id, slot.stamp, dup);
}

void PublisherFlow::on_connected(const Connack& connack, std::uint64_t now_ns, std::string& out) {
  last_progress_ns_ = now_ns;
  quota_ = connack.receive_maximum;
  std::vector<std::uint16_t> unfinished;
  for (std::size_t i = 0; i < slots_.size(); ++i)
    if (slots_[i].state != State::Free) unfinished.push_back(static_cast<std::uint16_t>(i + 1));
  std::sort(unfinished.begin(), unfinished.end(),
            [this](std::uint16_t a, std::uint16_t b) { return slots_[a - 1U].order < slots_[b - 1U].order; });
  for (const std::uint16_t id : unfinished) {
    const Slot& slot = slots_[id - 1U];
    if (slot.state != State::AwaitPubcomp) {
      put_publish(id, slot, connack.session_present, out);  // [MQTT-4.4.0-1] [MQTT-4.6.0-1]
      ++counts_.resent;
    } else if (connack.session_present) {
      put_ack(out, PacketType::Pubrel, id, version_);  // [MQTT-4.4.0-1] [MQTT-4.6.0-4]
      ++counts_.resent_pubrel;
    } else {
      finish(id);  // the broker took the message over with its PUBREC and has lost the exchange since
    }
  }
}

bool PublisherFlow::can_send() const {
  return qos_ == 0 || (!free_ids_.empty() && in_flight_ < quota_);
}

void PublisherFlow::send(std::uint64_t now_ns, std::string& out) {
  Stamp stamp{publisher_, next_sequence_, now_ns, false};
  if (qos_ > 0 && has_refused(now_ns)) {
    stamp = refused_.front().stamp;
    refused_.pop_front();
  } else {
    ++next_sequence_;
  }
  if (qos_ == 0) {
    publish_.append(out, 0, stamp, false);
    return;
  }
  const std::uint16_t id = free_ids_.front();
  free_ids_.pop_front();
  Slot& slot = slots_[id - 1U];
  slot = {stamp, next_order_++, qos_ == 1 ? State::AwaitPuback : State::AwaitPubrec};
  if (in_flight_++ == 0) last_progress_ns_ = now_ns;
  put_publish(id, slot, false, out);
}

void PublisherFlow::finish(std::uint16_t packet_id) {
  slots_[packet_id - 1U].state = State::Free;
  finished_sent_ns_ = slots_[packet_id - 1U].stamp.sent_ns;
  free_ids_.push_back(packet_id);
  --in_flight_;
  ++counts_.acknowledged;
}

void PublisherFlow::refuse(std::uint16_t packet_id, std::uint64_t now_ns) {
  Stamp stamp = slots_[packet_id - 1U].stamp;
  stamp.after_refusal = true;
  refused_.push_back({stamp, now_ns + kRefusalPauseNs});
  slots_[packet_id - 1U].state = State::Free;
  free_ids_.push_back(packet_id);
  --in_flight_;
  ++counts_.refused;
}

bool PublisherFlow::on_frame(const Frame& frame, std::uint64_t now_ns, std::string& out) {
  finished_sent_ns_ = 0;
  const auto ack = parse_ack(frame);
  if (!ack) return false;
  const bool known = ack->packet_id >= 1 && ack->packet_id <= slots_.size();
  Slot unknown;
  const Slot& slot = known ? slots_[ack->packet_id - 1U] : unknown;
  last_progress_ns_ = now_ns;
  if (ack->reason == kNoMatchingSubscribers) ++counts_.no_subscribers;
  switch (frame.type()) {
    case PacketType::Puback:
      if (slot.state != State::AwaitPuback)
        ++counts_.stray_acks;
      else if (ack->reason >= kFirstError)
        refuse(ack->packet_id, now_ns);
      else
        finish(ack->packet_id);
      return true;
    case PacketType::Pubrec:
      if (ack->reason >= kFirstError && slot.state == State::AwaitPubrec) {
        refuse(ack->packet_id, now_ns);
        return true;
      }
      if (slot.state == State::AwaitPubrec)
        slots_[ack->packet_id - 1U].state = State::AwaitPubcomp;
      else
        ++counts_.stray_acks;
      put_ack(out, PacketType::Pubrel, ack->packet_id, version_,
              slot.state == State::AwaitPubcomp ? 0 : 0x92);  // [MQTT-4.3.3-4]
      return true;
    case PacketType::Pubcomp:
      if (slot.state == State::AwaitPubcomp)
        finish(ack->packet_id);
      else
        ++counts_.stray_acks;
      return true;
    default:
      return false;
  }
}

}  // namespace hermod::bench
