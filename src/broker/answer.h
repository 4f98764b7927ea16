#pragma once
#include <string_view>

#include "broker/connection.h"
#include "broker/shard.h"
#include "wire/encoder.h"
#include "wire/property_writer.h"

namespace hermod::broker {

/// Whether the client's Maximum Packet Size allows it. [MQTT-3.1.2-24]
template <class P>
bool answer_fits(const Connection& c, const P& packet) {
  const std::uint32_t most = c.agreement().maximum_packet_size;
  return most == kAnySize || wire::encoded_size(c.version(), packet) <= most;
}

/// Sends a packet of the broker's own that is not a PUBLISH. What the client's Maximum Packet Size has no
/// room for is left out: first `why` in words, then the other properties. False: nothing was sent, because
/// even the bare packet is too large. [MQTT-3.1.2-24] [MQTT-3.1.2-25] [MQTT-3.1.2-29] [MQTT-3.14.2-3]
template <class P>
bool Shard::answer(Connection& c, P packet, std::string_view why) {
  const wire::Properties needed = packet.properties;
  wire::PropertyWriter explained;
  if (!why.empty() && c.agreement().is_v5() && c.agreement().request_problem_information) {
    explained.add(wire::PropertyId::ReasonString, why).append(needed.raw());
    packet.properties = explained.properties();
    if (!answer_fits(c, packet)) packet.properties = needed;
  }
  if (!answer_fits(c, packet)) packet.properties = {};
  if (!answer_fits(c, packet)) return false;
  wire::encode(c.output(), c.version(), packet);
  c.flush();
  counters_.add(Counter::PacketsSent);
  return true;
}

}  // namespace hermod::broker
