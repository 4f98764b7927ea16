#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/buffer.h"
#include "wire/packets.h"

/// Packets to bytes. Every encode() writes the whole packet with one extend() of the queue and returns its
/// size in bytes; encoded_size() tells that size beforehand, for the receiver's Maximum Packet Size
/// [MQTT-3.1.2-24]. A packet larger than MQTT can express is not written and gives 0. Properties are written
/// on 5.0 only. Preconditions everywhere: strings are valid and at most 65535 bytes, properties belong to
/// the packet.
namespace hermod::wire {

/// A PUBLISH about to be sent: the application message and what this receiver's copy adds to it.
struct OutboundPublish {
  Version version = Version::Mqtt5;
  bool dup = false;
  QoS qos = QoS::AtMostOnce;
  bool retain = false;
  std::string_view topic{};       ///< empty when the alias is known to the receiver
  std::uint16_t topic_alias = 0;  ///< 0 = none
  PacketId id{};                  ///< ignored on QoS 0
  Bytes forwarded_properties{};   ///< encoded, as append_forwarded() or PropertyWriter leave them
  std::optional<std::uint32_t> message_expiry_interval{};  ///< seconds left
  std::span<const std::uint32_t> subscription_identifiers{};
  Bytes payload{};
};

/// Bytes of the whole packet, payload included; may exceed kLargestPacket.
std::size_t encoded_size(const OutboundPublish& publish);
/// The hot path: copies everything, allocates nothing beyond the queue's chunks.
std::size_t encode(WriteQueue& out, const OutboundPublish& publish);
/// Everything but the payload, for a payload the caller appends by reference right afterwards. The return
/// value counts what was written here; 0 when the whole packet cannot be expressed, and then nothing follows.
std::size_t encode_without_payload(WriteQueue& out, const OutboundPublish& publish);

/// A PUBLISH with its properties as they are, for clients.
std::size_t encode(WriteQueue& out, Version version, const Publish& publish);

/// PUBACK, PUBREC, PUBREL, PUBCOMP: 4 bytes whenever there is nothing to add to success, and always on 3.x.
std::size_t encode(WriteQueue& out, Version version, const Ack& ack);
std::size_t encode(WriteQueue& out, Version version, const Connack& connack);
/// On 3.x every failure is 0x80.
std::size_t encode(WriteQueue& out, Version version, const Suback& suback);
std::size_t encode(WriteQueue& out, Version version, const Unsuback& unsuback);
std::size_t encode(WriteQueue& out, Version version, const Pingresp& pingresp);
/// 3.x has this packet only from the client, and only for reason 0x00: other reasons write nothing.
std::size_t encode(WriteQueue& out, Version version, const Disconnect& disconnect);
/// 3.x has no such packet: nothing is written.
std::size_t encode(WriteQueue& out, Version version, const Auth& auth);

/// What a client sends. A CONNECT says its version itself.
std::size_t encode(WriteQueue& out, const Connect& connect);
std::size_t encode(WriteQueue& out, Version version, const Subscribe& subscribe);
std::size_t encode(WriteQueue& out, Version version, const Unsubscribe& unsubscribe);
std::size_t encode(WriteQueue& out, Version version, const Pingreq& pingreq);

/// Any packet as it was decoded, byte for byte if its sender used the shortest forms.
std::size_t encode(WriteQueue& out, Version version, const Packet& packet);

std::size_t encoded_size(Version version, const Ack& ack);
std::size_t encoded_size(Version version, const Connack& connack);
std::size_t encoded_size(Version version, const Suback& suback);
std::size_t encoded_size(Version version, const Unsuback& unsuback);
std::size_t encoded_size(Version version, const Disconnect& disconnect);
std::size_t encoded_size(Version version, const Auth& auth);
std::size_t encoded_size(const Connect& connect);
std::size_t encoded_size(Version version, const Subscribe& subscribe);
std::size_t encoded_size(Version version, const Unsubscribe& unsubscribe);

}  // namespace hermod::wire
