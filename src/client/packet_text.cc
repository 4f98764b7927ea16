#include "client/packet_text.h"

#include <cstdio>

#include "base/log.h"

namespace hermod::client {
namespace {

using namespace wire;

std::string id_text(PacketId id) {
  return " id " + std::to_string(id.v);
}

/// What stands behind the packet's name.
struct Details {
  std::string operator()(const Connect& connect) const {
    return " version " + std::string(name_of(connect.version)) + ", client id \"" +
           log::escaped(connect.client_id) + "\", " + (connect.clean_start ? "clean" : "resuming") +
           ", keep alive " + std::to_string(connect.keep_alive);
  }
  std::string operator()(const Connack& connack) const {
    return ", " + reason_text(connack.reason, connack.properties) +
           (connack.session_present ? ", session present" : "");
  }
  std::string operator()(const Publish& publish) const {
    std::string text = publish.qos == QoS::AtMostOnce ? "" : id_text(publish.id);
    text += " QoS " + std::to_string(static_cast<int>(publish.qos));
    if (publish.dup) text += ", again";
    if (publish.retain) text += ", retained";
    return text + ", topic \"" + log::escaped(publish.topic) + "\", " +
           std::to_string(publish.payload.size()) + " bytes";
  }
  std::string operator()(const Ack& ack) const {
    return id_text(ack.id) + ", " + reason_text(ack.reason, ack.properties);
  }
  std::string operator()(const Subscribe& subscribe) const {
    std::string text = id_text(subscribe.id);
    for (const SubscribeFilter& filter : subscribe.filters)
      text += ", \"" + log::escaped(filter.filter) + "\" QoS " + std::to_string(static_cast<int>(filter.qos));
    return text;
  }
  std::string operator()(const Suback& suback) const { return id_text(suback.id) + reasons(suback.reasons); }
  std::string operator()(const Unsubscribe& unsubscribe) const {
    std::string text = id_text(unsubscribe.id);
    for (const UnsubscribeFilter& filter : unsubscribe.filters) text += ", \"" + log::escaped(filter) + "\"";
    return text;
  }
  std::string operator()(const Unsuback& unsuback) const {
    return id_text(unsuback.id) + reasons(unsuback.reasons);
  }
  std::string operator()(const Disconnect& disconnect) const {
    return ", " + reason_text(disconnect.reason, disconnect.properties);
  }
  std::string operator()(const Auth& auth) const { return ", " + reason_text(auth.reason, auth.properties); }
  std::string operator()(const Pingreq& /*pingreq*/) const { return ""; }
  std::string operator()(const Pingresp& /*pingresp*/) const { return ""; }

  static std::string reasons(const ReasonCodes& codes) {
    std::string text;
    for (const ReasonCode code : codes) text += ", " + reason_text(code, {});
    return text;
  }
};

}  // namespace

std::string packet_text(const wire::Packet& packet) {
  return std::string(name_of(type_of(packet))) + std::visit(Details{}, packet);
}

std::string reason_text(wire::ReasonCode reason, const wire::Properties& properties) {
  char number[16];
  std::snprintf(number, sizeof number, " (0x%02X)", static_cast<unsigned>(reason));
  std::string text = std::string(name_of(reason)) + number;
  if (const auto words = properties.reason_string()) text += ": " + log::escaped(*words);
  return text;
}

}  // namespace hermod::client
