#pragma once
#include <string>

#include "queue/message.h"
#include "wire/properties.h"

namespace hermod::broker {

/// What the publisher says with the user property `msg-id`; empty without one.
inline std::string message_id_of(const queue::Message& message) {
  for (const wire::UserProperty property : wire::UserProperties(message.forwarded_properties()))
    if (property.name == "msg-id") return std::string(property.value);
  return {};
}

}  // namespace hermod::broker
