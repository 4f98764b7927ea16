#include "wire/filters.h"

#include "base/assert.h"

namespace hermod::wire {

SubscribeFilterWriter& SubscribeFilterWriter::add(const SubscribeFilter& filter, Version version) {
  HERMOD_ASSERT(filter.filter.size() <= 65535);
  unsigned options = static_cast<unsigned>(filter.qos);
  if (version == Version::Mqtt5) {
    options |= filter.no_local ? 0x04U : 0U;
    options |= filter.retain_as_published ? 0x08U : 0U;
    options |= static_cast<unsigned>(filter.retain_handling) << 4;
  }
  ByteWriter writer(payload_);
  writer.sized16(filter.filter);
  writer.u8(static_cast<std::uint8_t>(options));
  ++count_;
  return *this;
}

UnsubscribeFilterWriter& UnsubscribeFilterWriter::add(std::string_view filter) {
  HERMOD_ASSERT(filter.size() <= 65535);
  ByteWriter(payload_).sized16(filter);
  ++count_;
  return *this;
}

}  // namespace hermod::wire
