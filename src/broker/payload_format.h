#pragma once
#include "base/bytes.h"
#include "wire/properties.h"
#include "wire/utf8.h"

namespace hermod::broker {

/// Whether a payload is what its Payload Format Indicator says: text in UTF-8, or anything
/// (3.1.3.2.3, 3.3.2.3.2).
inline bool is_as_indicated(const wire::Properties& properties, Bytes payload) {
  return properties.payload_format_indicator() != 1 || wire::is_valid_utf8(payload);
}

}  // namespace hermod::broker
