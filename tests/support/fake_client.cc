#include "tests/support/fake_client.h"

#include <sys/uio.h>

#include <variant>

#include "base/assert.h"

namespace hermod::test {
namespace {

wire::Limits client_limits() {
  wire::Limits limits;
  limits.maximum_packet_size = wire::kLargestPacket;
  return limits;
}

struct Copy {
  Arrived& out;

  void operator()(const wire::Connack& p) {
    out.type = wire::PacketType::Connack;
    out.session_present = p.session_present;
    out.reason = p.reason;
    out.receive_maximum = p.properties.receive_maximum();
    out.session_expiry = p.properties.session_expiry_interval();
    out.server_keep_alive = p.properties.server_keep_alive();
    out.assigned_client_id = p.properties.assigned_client_identifier().value_or("");
    if (const auto text = p.properties.response_information()) out.response_information = *text;
    out.reason_string = p.properties.reason_string().value_or("");
    out.server_reference = p.properties.server_reference().value_or("");
  }
  void operator()(const wire::Publish& p) {
    out.type = wire::PacketType::Publish;
    out.id = p.id;
    out.qos = p.qos;
    out.dup = p.dup;
    out.retain = p.retain;
    out.payload = as_text(p.payload);
    for (const std::uint32_t identifier : p.properties.subscription_identifiers())
      out.identifiers.push_back(identifier);
    out.message_expiry = p.properties.message_expiry_interval();
    if (const auto topic = p.properties.response_topic()) out.response_topic = *topic;
    if (const auto data = p.properties.correlation_data()) out.correlation_data = as_text(*data);
    for (const wire::UserProperty& property : p.properties.user_properties())
      out.said[std::string(property.name)] = property.value;
  }
  void operator()(const wire::Ack& p) {
    out.type = p.type;
    out.id = p.id;
    out.reason = p.reason;
    out.reason_string = p.properties.reason_string().value_or("");
    for (const wire::UserProperty& property : p.properties.user_properties())
      out.said[std::string(property.name)] = property.value;
  }
  void operator()(const wire::Suback& p) {
    out.type = wire::PacketType::Suback;
    out.id = p.id;
    out.reason_string = p.properties.reason_string().value_or("");
    out.reasons.assign(p.reasons.begin(), p.reasons.end());
  }
  void operator()(const wire::Unsuback& p) {
    out.type = wire::PacketType::Unsuback;
    out.id = p.id;
    out.reasons.assign(p.reasons.begin(), p.reasons.end());
  }
  void operator()(const wire::Pingresp&) { out.type = wire::PacketType::Pingresp; }
  void operator()(const wire::Disconnect& p) {
    out.type = wire::PacketType::Disconnect;
    out.reason = p.reason;
    out.reason_string = p.properties.reason_string().value_or("");
    out.server_reference = p.properties.server_reference().value_or("");
  }
  void operator()(const wire::Auth&) { out.type = wire::PacketType::Auth; }
  // A client's decoder lets none of these through.
  void operator()(const wire::Connect&) { HERMOD_ASSERT(false); }
  void operator()(const wire::Subscribe&) { HERMOD_ASSERT(false); }
  void operator()(const wire::Unsubscribe&) { HERMOD_ASSERT(false); }
  void operator()(const wire::Pingreq&) { HERMOD_ASSERT(false); }
};

}  // namespace

FakeClient::FakeClient(std::shared_ptr<FakePeer> peer, wire::Version version,
                       std::uint16_t topic_alias_maximum)
    : peer_(std::move(peer)),
      version_(version),
      decoder_(client_limits(), wire::Role::Client),
      aliases_(topic_alias_maximum) {
  decoder_.set_version(version);
}

void FakeClient::send_queue(WriteQueue& out) {
  while (!out.empty()) {
    iovec piece{};
    out.gather(&piece, 1);
    peer_->send({static_cast<const std::uint8_t*>(piece.iov_base), piece.iov_len});
    out.consume(piece.iov_len);
  }
}

void FakeClient::connect(const wire::Connect& packet) {
  WriteQueue out;
  wire::encode(out, packet);
  send_queue(out);
}

void FakeClient::subscribe(wire::PacketId id, const std::vector<wire::SubscribeFilter>& filters,
                           std::uint32_t identifier) {
  wire::SubscribeFilterWriter writer;
  for (const wire::SubscribeFilter& filter : filters) writer.add(filter, version_);
  wire::PropertyWriter properties;
  if (identifier != 0) properties.add(wire::PropertyId::SubscriptionIdentifier, identifier);
  send(wire::Subscribe{id, writer.filters(), properties.properties()});
}

void FakeClient::unsubscribe(wire::PacketId id, const std::vector<std::string_view>& filters) {
  wire::UnsubscribeFilterWriter writer;
  for (const std::string_view filter : filters) writer.add(filter);
  send(wire::Unsubscribe{id, writer.filters(), {}});
}

Arrived FakeClient::copy_of(const wire::Packet& packet) {
  Arrived out;
  std::visit(Copy{out}, packet);
  if (const auto* publish = std::get_if<wire::Publish>(&packet)) {
    const auto topic = aliases_.resolve(*publish);
    HERMOD_ASSERT(topic.has_value());
    out.topic = *topic;
  }
  return out;
}

std::vector<Arrived> FakeClient::receive(std::size_t most) {
  const std::string taken = peer_->take(most);
  buffered_.insert(buffered_.end(), taken.begin(), taken.end());
  std::vector<Arrived> all;
  std::size_t used = 0;
  for (;;) {
    std::size_t consumed = 0;
    const wire::DecodeResult result = decoder_.next(Bytes(buffered_).subspan(used), consumed);
    HERMOD_ASSERT(!std::holds_alternative<wire::ProtocolError>(result));
    if (std::holds_alternative<wire::NeedMore>(result)) break;
    all.push_back(copy_of(std::get<wire::Packet>(result)));
    used += consumed;
  }
  buffered_.erase(buffered_.begin(), buffered_.begin() + static_cast<std::ptrdiff_t>(used));
  return all;
}

}  // namespace hermod::test
