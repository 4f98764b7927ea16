#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "wire/types.h"

namespace hermod::session {

/// The will a client left at CONNECT: published when its connection ends without a normal DISCONNECT.
/// Owned by the session, because the Will Delay Interval may outlive the connection. [MQTT-3.1.2-7]
struct Will {
  std::string topic;
  std::string payload;
  std::string forwarded_properties;  ///< encoded, as wire::append_forwarded() leaves them
  wire::QoS qos = wire::QoS::AtMostOnce;
  bool retain = false;
  std::uint32_t delay = 0;                               ///< seconds
  std::optional<std::uint32_t> message_expiry_interval;  ///< seconds
};

}  // namespace hermod::session
