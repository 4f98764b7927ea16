#pragma once
#include <cstddef>

namespace hermod::topic {

/// MQTT lets a topic be 65,535 bytes long: the two-byte length in front of it (1.5.4).
inline constexpr std::size_t kMaxTopicBytes = 65535;

/// What this broker accepts beyond the rules of the protocol.
struct Limits {
  /// Most levels of a topic name or filter; `/` alone has two. Bounds the work and the depth of a tree walk.
  std::size_t levels = 200;
};

/// NUL and the other control characters below U+0020. MQTT forbids the first and lets us refuse the rest
/// (1.5.4), which keeps them out of logs and terminals.
constexpr bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20;
}

}  // namespace hermod::topic
