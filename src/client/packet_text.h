#pragma once
#include <string>

#include "wire/packets.h"

namespace hermod::client {

/// One line about a packet, for -d: "PUBLISH id 1, QoS 1, topic \"a/b\", 5 bytes".
std::string packet_text(const wire::Packet& packet);

/// "Not authorized (0x87)", with the broker's own words behind it when it sent some.
std::string reason_text(wire::ReasonCode reason, const wire::Properties& properties);

}  // namespace hermod::client
