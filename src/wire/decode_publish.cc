#include "wire/body.h"
#include "wire/utf8.h"

namespace hermod::wire {
namespace {

Violation check_topic(std::string_view topic) {
  switch (check_topic_text(as_bytes(topic))) {
    case TopicText::Valid:
      return {};
    case TopicText::HasWildcard:
      return ProtocolError{ReasonCode::TopicNameInvalid, "[MQTT-3.3.2-2]", "topic name has a wildcard"};
    case TopicText::NotPlain:
      break;
  }
  return malformed("[MQTT-3.3.2-1]", "topic name is not valid text");
}

}  // namespace

Violation decode_publish(Body& body, Publish& out) {
  const unsigned qos = body.flags >> 1 & 0x03U;
  if (qos == 3) return malformed("[MQTT-3.3.1-4]", "QoS 3");
  out.qos = static_cast<QoS>(qos);
  out.dup = (body.flags & 0x08) != 0;
  out.retain = (body.flags & 0x01) != 0;
  if (out.dup && qos == 0) return malformed("[MQTT-3.3.1-2]", "DUP on QoS 0");

  out.topic = as_text(body.reader.sized16());
  if (!body.reader.ok()) return malformed("MQTT 3.3.2", "topic name is beyond the packet");
  if (Violation violation = check_topic(out.topic)) return violation;
  if (qos > 0) {
    if (Violation violation = read_packet_id(body, out.id)) return violation;  // [MQTT-2.2.1-3]
  }
  if (Violation violation = read_properties(body, out.properties)) return violation;
  if (out.topic.empty() && !out.properties.has(PropertyId::TopicAlias)) {
    return broken("[MQTT-4.7.3-1]", "topic name is empty without a topic alias");
  }
  if (body.receiver == Role::Server && out.properties.has(PropertyId::SubscriptionIdentifier)) {
    return broken("[MQTT-3.3.4-6]", "client sent a subscription identifier");
  }
  out.payload = body.reader.rest();
  return {};
}

}  // namespace hermod::wire
