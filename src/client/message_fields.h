#pragma once
#include <string>

#include "base/clock.h"
#include "wire/packets.h"

namespace hermod::client {

/// What one letter behind % stands for; the letters are those of MessageFormat, without j and J.
std::string field_text(char letter, const wire::Publish& message, WallTime time);

/// The message with its properties as JSON. With `payload_is_json` the payload stands there as it is.
std::string message_json(const wire::Publish& message, WallTime time, bool payload_is_json, bool pretty);

/// strftime() with "%<letter>" in local time; N gives nanoseconds.
std::string time_text(char letter, WallTime time);

}  // namespace hermod::client
