#include "wire/encoder.h"
#include "wire/packet_writer.h"

namespace hermod::wire {
namespace {

constexpr std::size_t kExpirySize = 1 + 4;
constexpr std::size_t kAliasSize = 1 + 2;

std::size_t block_size(const OutboundPublish& publish) {
  std::size_t size = publish.forwarded_properties.size();
  if (publish.message_expiry_interval) size += kExpirySize;
  if (publish.topic_alias != 0) size += kAliasSize;
  for (const std::uint32_t id : publish.subscription_identifiers) size += 1 + variable_byte_integer_size(id);
  return size;
}

struct Sizes {
  std::size_t block = 0;      ///< of the properties, without their length
  std::size_t remaining = 0;  ///< of the packet behind its fixed header
};

Sizes sizes_of(const OutboundPublish& publish) {
  Sizes sizes;
  if (publish.version == Version::Mqtt5) sizes.block = block_size(publish);
  sizes.remaining = 2 + publish.topic.size() + (publish.qos == QoS::AtMostOnce ? 0 : 2) +
                    properties_size(publish.version, sizes.block) + publish.payload.size();
  return sizes;
}

unsigned flags_of(const OutboundPublish& publish) {
  const bool dup = publish.dup && publish.qos != QoS::AtMostOnce;  // [MQTT-3.3.1-2]
  return (dup ? 0x08U : 0U) | static_cast<unsigned>(publish.qos) << 1 | (publish.retain ? 0x01U : 0U);
}

void put_properties(PacketWriter& writer, const OutboundPublish& publish, std::size_t size) {
  writer.variable_byte_integer(size);
  if (publish.message_expiry_interval) {
    writer.u8(static_cast<std::uint8_t>(PropertyId::MessageExpiryInterval));
    writer.u32(*publish.message_expiry_interval);  // [MQTT-3.3.2-6]
  }
  if (publish.topic_alias != 0) {
    writer.u8(static_cast<std::uint8_t>(PropertyId::TopicAlias));
    writer.u16(publish.topic_alias);
  }
  writer.bytes(publish.forwarded_properties);
  for (const std::uint32_t id : publish.subscription_identifiers) {  // [MQTT-3.3.4-3], [MQTT-3.3.4-4]
    writer.u8(static_cast<std::uint8_t>(PropertyId::SubscriptionIdentifier));
    writer.variable_byte_integer(id);
  }
}

/// Topic, packet identifier and properties.
void put_head(PacketWriter& writer, const OutboundPublish& publish, const Sizes& sizes) {
  writer.sized16(publish.topic);
  if (publish.qos != QoS::AtMostOnce) writer.u16(publish.id.v);
  if (publish.version == Version::Mqtt5) put_properties(writer, publish, sizes.block);
}

}  // namespace

std::size_t encoded_size(const OutboundPublish& publish) {
  return packet_size(sizes_of(publish).remaining);
}

std::size_t encode(WriteQueue& out, const OutboundPublish& publish) {
  const Sizes sizes = sizes_of(publish);
  if (sizes.remaining > kLargestRemainingLength) return 0;
  PacketWriter writer(out, PacketType::Publish, flags_of(publish), sizes.remaining);
  put_head(writer, publish, sizes);
  writer.bytes(publish.payload);
  return writer.finish();
}

std::size_t encode_without_payload(WriteQueue& out, const OutboundPublish& publish) {
  const Sizes sizes = sizes_of(publish);
  if (sizes.remaining > kLargestRemainingLength) return 0;
  PacketWriter writer(out, PacketType::Publish, flags_of(publish), sizes.remaining, publish.payload.size());
  put_head(writer, publish, sizes);
  return writer.finish();
}

std::size_t encode(WriteQueue& out, Version version, const Publish& publish) {
  return encode(out, OutboundPublish{.version = version,
                                     .dup = publish.dup,
                                     .qos = publish.qos,
                                     .retain = publish.retain,
                                     .topic = publish.topic,
                                     .id = publish.id,
                                     .forwarded_properties = publish.properties.raw(),
                                     .payload = publish.payload});
}

}  // namespace hermod::wire
