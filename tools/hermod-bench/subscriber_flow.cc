#include "subscriber_flow.h"

namespace hermod::bench {

bool SubscriberFlow::on_publish(const Publish& publish, std::string& out) {
  if (publish.qos == 0) return true;
  if (publish.qos == 1) {
    put_ack(out, PacketType::Puback, publish.packet_id, version_);
    return true;
  }
  if (held_.empty()) held_.resize(kWords);
  std::uint64_t& word = held_[publish.packet_id / 64U];
  const std::uint64_t bit = std::uint64_t{1} << (publish.packet_id % 64U);
  const bool is_held = (word & bit) != 0;
  word |= bit;
  if (is_held) ++(publish.dup ? counts_.held_again : counts_.held_not_dup);
  put_ack(out, PacketType::Pubrec, publish.packet_id, version_);  // [MQTT-4.3.3-8] [MQTT-4.3.3-10]
  return !is_held;
}

void SubscriberFlow::on_pubrel(std::uint16_t packet_id, std::string& out) {
  std::uint8_t reason = 0x92;
  if (!held_.empty()) {
    std::uint64_t& word = held_[packet_id / 64U];
    const std::uint64_t bit = std::uint64_t{1} << (packet_id % 64U);
    if ((word & bit) != 0) reason = 0;
    word &= ~bit;
  }
  if (reason != 0) ++counts_.unknown_pubrel;
  put_ack(out, PacketType::Pubcomp, packet_id, version_, reason);  // [MQTT-4.3.3-11]
}

}  // namespace hermod::bench
