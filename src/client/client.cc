#include "client/client.h"

#include <random>

#include "client/now.h"

namespace hermod::client {
namespace {

constexpr std::chrono::seconds kConnackPatience{30};

std::uint16_t random_packet_id() {
  return static_cast<std::uint16_t>(1 + std::random_device{}() % 65535);
}

/// The code that a refused CONNECT exits with: what the version's CONNACK has on the wire.
int exit_code_for(wire::Version version, wire::ReasonCode reason) {
  if (version == wire::Version::Mqtt5) return static_cast<int>(reason);
  return static_cast<int>(wire::return_code_for(reason));
}

}  // namespace

Client::Client(const SessionOptions& options, int stop)
    : options_(options),
      connection_(options, stop),
      exchanges_(options.clean_start ? std::uint16_t{1} : random_packet_id()),
      aliases_(options.properties.connect.properties().topic_alias_maximum().value_or(0)) {}

wire::Connect Client::connect_packet() const {
  wire::Connect connect;
  connect.version = options_.version;
  connect.client_id = options_.client_id;
  connect.clean_start = options_.clean_start;
  connect.keep_alive = options_.keep_alive;
  if (options_.username) connect.username = *options_.username;
  if (options_.password) connect.password = as_bytes(*options_.password);
  connect.properties = options_.properties.connect.properties();
  if (options_.will)
    connect.will = wire::Will{.topic = options_.will->topic,
                              .payload = as_bytes(options_.will->payload),
                              .qos = options_.will->qos,
                              .retain = options_.will->retain,
                              .properties = options_.properties.will.properties()};
  return connect;
}

Outcome<void> Client::connect() {
  if (auto opened = connection_.open(); !opened) return opened;
  connection_.send(connect_packet());
  wire::Packet packet;
  const auto wake = connection_.wait(now() + kConnackPatience, -1, packet);
  if (!wake) return tl::unexpected(wake.error());
  if (*wake == Connection::Wake::Stop) return fail(ExitCode::Usage, "interrupted");
  if (*wake == Connection::Wake::Time)
    return fail(ExitCode::NoConnection, "the broker did not answer CONNECT");
  const auto* connack = std::get_if<wire::Connack>(&packet);
  if (connack == nullptr)
    return fail(ExitCode::ProtocolError, "the broker answered CONNECT with " +
                                             std::string(name_of(wire::type_of(packet))));  // [MQTT-3.2.0-1]
  return accept(*connack);
}

Outcome<void> Client::accept(const wire::Connack& connack) {
  if (is_failure(connack.reason))
    return fail_with(exit_code_for(options_.version, connack.reason),
                     "the broker refused the connection: " + reason_text(connack.reason, connack.properties));
  const wire::Properties& properties = connack.properties;
  receive_maximum_ = properties.receive_maximum().value_or(receive_maximum_);
  maximum_packet_size_ = properties.maximum_packet_size().value_or(maximum_packet_size_);
  topic_alias_maximum_ = properties.topic_alias_maximum().value_or(0);
  maximum_qos_ = properties.maximum_qos().value_or(maximum_qos_);
  retain_available_ = properties.retain_available().value_or(true);
  connection_.set_keep_alive(
      properties.server_keep_alive().value_or(options_.keep_alive));  // [MQTT-3.1.2-21]
  return {};
}

bool Client::can_publish(std::uint16_t limit) const {
  return exchanges_.publishes_in_flight() < std::min(limit, receive_maximum_);  // [MQTT-3.3.4-9]
}

Outcome<wire::PacketId> Client::publish(std::string_view topic, Bytes payload, wire::QoS qos, bool retain,
                                        const wire::Properties& properties) {
  if (qos > maximum_qos_)  // [MQTT-3.2.2-11]
    return fail(ExitCode::QoSNotSupported,
                "-q: the broker takes at most QoS " + std::to_string(static_cast<int>(maximum_qos_)));
  if (retain && !retain_available_)  // [MQTT-3.2.2-14]
    return fail(ExitCode::RetainNotSupported, "-r: the broker keeps no retained messages");
  if (properties.topic_alias().value_or(0) > topic_alias_maximum_)  // [MQTT-3.3.2-9]
    return fail(ExitCode::NotSupported, "-D publish topic-alias: the broker takes aliases up to " +
                                            std::to_string(topic_alias_maximum_));
  wire::Publish publish{
      .qos = qos, .retain = retain, .topic = topic, .payload = payload, .properties = properties};
  const std::size_t size = wire::encoded_size(wire::OutboundPublish{.version = options_.version,
                                                                    .qos = qos,
                                                                    .topic = topic,
                                                                    .forwarded_properties = properties.raw(),
                                                                    .payload = payload});
  if (size > maximum_packet_size_)  // [MQTT-3.2.2-15]
    return fail(ExitCode::OversizePacket, "the message is too large: its packet has " + std::to_string(size) +
                                              " bytes, the broker takes " +
                                              std::to_string(maximum_packet_size_));
  if (qos != wire::QoS::AtMostOnce) publish.id = exchanges_.start_publish(qos);
  connection_.send(publish);
  return publish.id;
}

wire::PacketId Client::subscribe(const std::vector<std::string>& filters, const wire::SubscribeFilter& how) {
  wire::SubscribeFilterWriter writer;
  for (const std::string& text : filters) {
    wire::SubscribeFilter filter = how;
    filter.filter = text;
    writer.add(filter, options_.version);
  }
  const wire::PacketId id = exchanges_.start_request(wire::PacketType::Subscribe, filters.size());
  connection_.send(wire::Subscribe{
      .id = id, .filters = writer.filters(), .properties = options_.properties.subscribe.properties()});
  return id;
}

wire::PacketId Client::unsubscribe(const std::vector<std::string>& filters) {
  wire::UnsubscribeFilterWriter writer;
  for (const std::string& text : filters) writer.add(text);
  const wire::PacketId id = exchanges_.start_request(wire::PacketType::Unsubscribe, filters.size());
  connection_.send(wire::Unsubscribe{
      .id = id, .filters = writer.filters(), .properties = options_.properties.unsubscribe.properties()});
  return id;
}

void Client::acknowledge_last() {
  if (owed_) connection_.send(*owed_);
  owed_.reset();
}

Outcome<Event> Client::next(std::optional<MonotonicTime> deadline, int input) {
  acknowledge_last();
  for (;;) {
    wire::Packet packet;
    const auto wake = connection_.wait(deadline, input, packet);
    if (!wake) return tl::unexpected(wake.error());
    switch (*wake) {
      case Connection::Wake::Input:
        return InputReady{};
      case Connection::Wake::Time:
        return TimeIsUp{};
      case Connection::Wake::Stop:
        return Stopped{};
      case Connection::Wake::Packet:
        break;
    }
    auto event = handle(packet);
    if (!event) return tl::unexpected(event.error());
    if (*event) return std::move(**event);
  }
}

Outcome<std::optional<Event>> Client::handle(const wire::Packet& packet) {
  if (const auto* publish = std::get_if<wire::Publish>(&packet)) return handle_publish(*publish);
  if (const auto* ack = std::get_if<wire::Ack>(&packet)) return handle_ack(*ack);
  if (const auto* suback = std::get_if<wire::Suback>(&packet))
    return handle_answer(wire::PacketType::Suback, suback->id, suback->reasons);
  if (const auto* unsuback = std::get_if<wire::Unsuback>(&packet))
    return handle_answer(wire::PacketType::Unsuback, unsuback->id, unsuback->reasons);
  if (const auto* disconnect = std::get_if<wire::Disconnect>(&packet))
    return fail(ExitCode::ConnectionLost, "the broker ended the connection: " +
                                              reason_text(disconnect->reason, disconnect->properties));
  if (std::holds_alternative<wire::Pingresp>(packet)) return std::optional<Event>();
  return fail(ExitCode::ProtocolError,
              "the broker sent " + std::string(name_of(wire::type_of(packet))) + " out of place");
}

Outcome<std::optional<Event>> Client::handle_publish(const wire::Publish& publish) {
  const auto topic = aliases_.resolve(publish);
  if (!topic)
    return fail(ExitCode::ProtocolError,
                std::string("the broker broke the protocol: ") + topic.error().detail);
  if (is_leaving_) return std::optional<Event>();
  const bool is_new = exchanges_.on_publish(publish);
  owed_ = Exchanges::answer_to(publish);
  if (!is_new) {
    acknowledge_last();
    return std::optional<Event>();
  }
  MessageArrived arrived{publish};
  arrived.publish.topic = *topic;
  return Event{arrived};
}

Outcome<std::optional<Event>> Client::handle_answer(wire::PacketType type, wire::PacketId id,
                                                    const wire::ReasonCodes& reasons) {
  if (!exchanges_.finish_request(type, id, reasons.size()))
    return fail(ExitCode::ProtocolError,
                "the broker sent " + std::string(name_of(type)) + " for nothing that was asked");
  return Event{RequestAnswered{id, {reasons.begin(), reasons.end()}}};
}

Outcome<std::optional<Event>> Client::handle_ack(const wire::Ack& ack) {
  const Exchanges::Step step = exchanges_.on_ack(ack);
  if (step.answer) connection_.send(*step.answer);
  if (!step.is_finished) return std::optional<Event>();
  return Event{MessageSettled{ack.id, ack.reason, reason_text(ack.reason, ack.properties)}};
}

Outcome<void> Client::disconnect(std::chrono::milliseconds patience) {
  const MonotonicTime deadline = now() + patience;
  acknowledge_last();
  is_leaving_ = true;
  while (!exchanges_.idle()) {
    const auto event = next(deadline);
    if (!event) return tl::unexpected(event.error());
    if (std::holds_alternative<TimeIsUp>(*event) || std::holds_alternative<Stopped>(*event)) break;
  }
  connection_.send(wire::Disconnect{.properties = options_.properties.disconnect.properties()});
  return connection_.close(std::chrono::seconds(1));
}

}  // namespace hermod::client
