#pragma once
#include <charconv>
#include <chrono>
#include <cstdint>
#include <optional>

#include "wire/packets.h"

namespace hermod::broker {

/// In seconds, of the client's PUBACK or PUBREC; what is no number counts for nothing.
inline std::optional<std::chrono::seconds> retry_after_of(const wire::Ack& packet) {
  for (const wire::UserProperty& property : packet.properties.user_properties()) {
    if (property.name != "retry-after") continue;
    std::uint32_t seconds = 0;
    const char* const end = property.value.data() + property.value.size();
    const auto [stop, fault] = std::from_chars(property.value.data(), end, seconds);
    if (fault == std::errc{} && stop == end) return std::chrono::seconds(seconds);
  }
  return std::nullopt;
}

}  // namespace hermod::broker
