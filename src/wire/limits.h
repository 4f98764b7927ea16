#pragma once
#include <cstdint>

namespace hermod::wire {

/// The largest packet MQTT can express: a fixed header of 5 bytes and the largest remaining length (2.1.4).
inline constexpr std::uint32_t kLargestRemainingLength = 268'435'455;
inline constexpr std::uint32_t kLargestPacket = kLargestRemainingLength + 5;

/// What a decoder accepts from its peer. Sizes are bytes of whole packets, fixed header included.
struct Limits {
  std::uint32_t maximum_packet_size = 2 * 1024 * 1024;
  /// Everything before a CONNECT was understood: a stranger must not make us keep more than this.
  std::uint32_t maximum_connect_size = 64 * 1024;
  /// User properties in one property block.
  std::uint32_t maximum_user_properties = 256;
  /// Topic filters in one SUBSCRIBE or UNSUBSCRIBE.
  std::uint32_t maximum_filters = 4096;
};

}  // namespace hermod::wire
