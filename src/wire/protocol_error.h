#pragma once
#include <optional>

#include "wire/types.h"

namespace hermod::wire {

/// What may still be said to a peer that broke the protocol, before the connection is closed.
enum class Answer : std::uint8_t {
  None,        ///< close without a word: not MQTT, or a 3.x CONNECT that does not conform [MQTT-3.1.4-1]
  Connack,     ///< in the version Decoder::version() gives
  Disconnect,  ///< 5.0 only; encode() writes nothing on 3.x
};

/// The peer broke the protocol: the connection ends. Texts are literals, safe to log and to keep.
struct ProtocolError {
  ReasonCode reason = ReasonCode::ProtocolError;
  const char* clause = "";  ///< the statement that was broken, such as "[MQTT-3.3.1-4]"; never null
  const char* detail = "";  ///< for people; never null
  Answer answer = Answer::Disconnect;
};

/// What a rule found wrong; nothing when all is well.
using Violation = std::optional<ProtocolError>;

inline ProtocolError malformed(const char* clause, const char* detail) {
  return {ReasonCode::MalformedPacket, clause, detail};
}
inline ProtocolError broken(const char* clause, const char* detail) {
  return {ReasonCode::ProtocolError, clause, detail};
}

}  // namespace hermod::wire
