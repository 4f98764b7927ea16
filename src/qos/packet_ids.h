#pragma once
#include <cstdint>

#include "base/ids.h"
#include "wire/types.h"

namespace hermod::qos {

/// How many packet ids there are: 1 to 65535 (2.2.1).
inline constexpr std::uint64_t kPacketIdCount = 65535;

/// The packet id under which the entry with this sequence is sent, today and after any crash. Never zero.
constexpr wire::PacketId packet_id_for(Seq seq) {
  return {static_cast<std::uint16_t>(seq.v % kPacketIdCount + 1)};  // [MQTT-2.2.1-4]
}

/// The one sequence in [first, first + 65534] that has this packet id.
/// Preconditions: id is not zero; first + 65534 fits into 64 bits.
constexpr Seq seq_for(wire::PacketId id, Seq first) {
  const std::uint64_t wanted = id.v - 1U;
  const std::uint64_t ahead = (wanted + kPacketIdCount - first.v % kPacketIdCount) % kPacketIdCount;
  return {first.v + ahead};
}

}  // namespace hermod::qos
