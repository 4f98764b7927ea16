#include "publish_template.h"

#include <algorithm>

namespace hermod::bench {

PublishTemplate::PublishTemplate(Version version, int qos, std::string_view topic, std::size_t payload_size) {
  payload_size = std::max(payload_size, Stamp::kSize);
  std::size_t remaining =
      2 + topic.size() + (qos > 0 ? 2U : 0U) + (version == Version::V5 ? 1U : 0U) + payload_size;
  bytes_.push_back(static_cast<char>(0x30 | qos << 1));
  do {
    const auto low = static_cast<char>(remaining & 0x7f);
    remaining >>= 7;
    bytes_.push_back(remaining > 0 ? static_cast<char>(low | static_cast<char>(0x80)) : low);
  } while (remaining > 0);
  ByteWriter writer(bytes_);
  writer.sized16(topic);
  if (qos > 0) {
    packet_id_at_ = bytes_.size();
    writer.u16(0);
  }
  if (version == Version::V5) writer.u8(0);
  stamp_at_ = bytes_.size();
  bytes_.append(Stamp::kSize, '\0');
  for (std::size_t offset = Stamp::kSize; offset < payload_size; ++offset)
    bytes_.push_back(filler_at(offset));
}

void PublishTemplate::append(std::string& out, std::uint16_t packet_id, const Stamp& stamp, bool dup) const {
  const std::size_t begin = out.size();
  out.append(bytes_);
  char* const packet = out.data() + begin;
  if (dup) packet[0] = static_cast<char>(packet[0] | 0x08);
  if (packet_id_at_ > 0) {
    packet[packet_id_at_] = static_cast<char>(packet_id >> 8);
    packet[packet_id_at_ + 1] = static_cast<char>(packet_id & 0xff);
  }
  stamp.write(packet + stamp_at_);
}

}  // namespace hermod::bench
