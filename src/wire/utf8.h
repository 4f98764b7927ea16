#pragma once
#include "base/bytes.h"

namespace hermod::wire {

/// Well-formed UTF-8 as Unicode defines it: no surrogates, no overlong forms, nothing above U+10FFFF. NUL is
/// allowed. For payloads whose Payload Format Indicator is 1 (3.3.2.3.2).
bool is_valid_utf8(Bytes text);

/// A UTF-8 Encoded String: well formed [MQTT-1.5.4-1] and without U+0000 [MQTT-1.5.4-2].
bool is_valid_string(Bytes text);

/// A string that is safe to show and to compare: also without control characters (U+0001..U+001F,
/// U+007F..U+009F) and Unicode non-characters, which 1.5.4 lets a receiver refuse. For client identifiers
/// and user names.
bool is_plain_string(Bytes text);

enum class TopicText : std::uint8_t { Valid, NotPlain, HasWildcard };
/// A plain string without `+` and `#`, in one pass. The empty text is valid here.
TopicText check_topic_text(Bytes text);

}  // namespace hermod::wire
