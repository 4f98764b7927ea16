#include "publish_template.h"

#include <algorithm>

namespace hermod::bench {
namespace {

constexpr std::string_view kKeyName = "key";
constexpr std::string_view kNumberName = "seq";
static_assert(kKeyName.size() == kNumberName.size());
/// Of a key four digits of the publisher, a hyphen, seven of the key; of a number as many digits.
constexpr std::size_t kValueSize = 12;
constexpr std::size_t kPropertySize = 1 + 2 + kKeyName.size() + 2 + kValueSize;

void put_hexadecimal(char* at, std::size_t digits, std::uint64_t value) {
  for (std::size_t i = digits; i > 0; --i, value >>= 4) at[i - 1] = "0123456789abcdef"[value & 15];
}

void put_decimal(char* at, std::size_t digits, std::uint64_t value) {
  for (std::size_t i = digits; i > 0; --i, value /= 10) at[i - 1] = static_cast<char>('0' + value % 10);
}

}  // namespace

PublishTemplate::PublishTemplate(Version version, int qos, std::string_view topic, std::size_t payload_size,
                                 std::uint32_t keys)
    : keys_(keys) {
  payload_size = std::max(payload_size, Stamp::kSize);
  std::size_t remaining = 2 + topic.size() + (qos > 0 ? 2U : 0U) + (version == Version::V5 ? 1U : 0U) +
                          (keys > 0 ? kPropertySize : 0U) + payload_size;
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
  if (version == Version::V5) writer.u8(keys > 0 ? kPropertySize : 0);
  if (keys > 0) {
    writer.u8(kUserProperty);
    writer.sized16(keys == kNumbers ? kNumberName : kKeyName);
    writer.u16(kValueSize);
    value_at_ = bytes_.size();
    bytes_.append(kValueSize, '-');
  }
  stamp_at_ = bytes_.size();
  bytes_.append(Stamp::kSize, '\0');
  for (std::size_t offset = Stamp::kSize; offset < payload_size; ++offset)
    bytes_.push_back(filler_at(offset));
}

void PublishTemplate::put_value(char* at, const Stamp& stamp) const {
  if (keys_ == kNumbers) return put_decimal(at, kValueSize, stamp.seq());
  put_hexadecimal(at, 4, stamp.publisher);
  put_hexadecimal(at + 5, 7, stamp.sequence % keys_);
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
  if (value_at_ > 0) put_value(packet + value_at_, stamp);
  stamp.write(packet + stamp_at_);
}

}  // namespace hermod::bench
