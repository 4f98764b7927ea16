#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "queue/message.h"
#include "wire/properties.h"

namespace hermod::broker {

/// What the publisher says with the first user property of this name. A view of the message.
inline std::optional<std::string_view> said_with(std::string_view name, const queue::Message& message) {
  for (const wire::UserProperty property : wire::UserProperties(message.forwarded_properties()))
    if (property.name == name) return property.value;
  return std::nullopt;
}

/// What the publisher says with the user property `msg-id`; empty without one.
inline std::string message_id_of(const queue::Message& message) {
  return std::string(said_with("msg-id", message).value_or(""));
}

}  // namespace hermod::broker
