#include "wire/encoder.h"
#include "wire/packet_writer.h"

namespace hermod::wire {
namespace {

/// SUBSCRIBE and UNSUBSCRIBE have the same form.
template <class Request>
std::size_t remaining_length(Version version, const Request& request) {
  return 2 + properties_size(version, request.properties.raw().size()) + request.filters.raw().size();
}

template <class Request>
std::size_t encode_request(WriteQueue& out, Version version, PacketType type, const Request& request) {
  const std::size_t remaining = remaining_length(version, request);
  if (remaining > kLargestRemainingLength) return 0;
  PacketWriter writer(out, type, 0x02, remaining);  // [MQTT-3.8.1-1], [MQTT-3.10.1-1]
  writer.u16(request.id.v);
  writer.properties(version, place_of(type), request.properties);
  writer.bytes(request.filters.raw());
  return writer.finish();
}

}  // namespace

std::size_t encoded_size(Version version, const Subscribe& subscribe) {
  return packet_size(remaining_length(version, subscribe));
}
std::size_t encoded_size(Version version, const Unsubscribe& unsubscribe) {
  return packet_size(remaining_length(version, unsubscribe));
}

std::size_t encode(WriteQueue& out, Version version, const Subscribe& subscribe) {
  return encode_request(out, version, PacketType::Subscribe, subscribe);
}

std::size_t encode(WriteQueue& out, Version version, const Unsubscribe& unsubscribe) {
  return encode_request(out, version, PacketType::Unsubscribe, unsubscribe);
}

std::size_t encode(WriteQueue& out, Version /*version*/, const Pingreq& /*pingreq*/) {
  return PacketWriter(out, PacketType::Pingreq, 0, 0).finish();
}

std::size_t encode(WriteQueue& out, Version /*version*/, const Pingresp& /*pingresp*/) {
  return PacketWriter(out, PacketType::Pingresp, 0, 0).finish();
}

std::size_t encode(WriteQueue& out, Version version, const Packet& packet) {
  return std::visit(
      [&](const auto& alternative) {
        if constexpr (std::is_same_v<std::decay_t<decltype(alternative)>, Connect>) {
          return encode(out, alternative);
        } else {
          return encode(out, version, alternative);
        }
      },
      packet);
}

}  // namespace hermod::wire
