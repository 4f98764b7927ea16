#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/buffer.h"
#include "base/clock.h"
#include "client/connection.h"
#include "client/exchanges.h"
#include "client/failure.h"
#include "client/options.h"
#include "wire/packets.h"
#include "wire/topic_alias.h"

namespace hermod::client {

/// What next() comes back with. Views are valid until the next call of the Client.
struct MessageArrived {
  wire::Publish publish;  ///< with its full topic
};
struct MessageSettled {
  wire::PacketId id;
  wire::ReasonCode reason{};  ///< from 0x80 on: refused
  std::string text;           ///< the reason for people
};
struct RequestAnswered {  ///< SUBACK or UNSUBACK
  wire::PacketId id;
  std::vector<wire::ReasonCode> reasons;
};
struct InputReady {};  ///< the input descriptor can be read
struct TimeIsUp {};
struct Stopped {};  ///< SIGINT or SIGTERM
using Event = std::variant<MessageArrived, MessageSettled, RequestAnswered, InputReady, TimeIsUp, Stopped>;

/// An MQTT client for one command: one connection, waited for on the command's own thread. Answers what the
/// protocol asks to be answered; resumes nothing. Lives from connect() to disconnect().
class Client {
 public:
  /// `options` outlives the client. `stop` is a descriptor that becomes readable when the command is to end.
  Client(const SessionOptions& options, int stop);

  /// Connects and waits for CONNACK. A refusal's exit code is its reason code.
  Outcome<void> connect();

  /// Sends a message; at QoS 0 the id is 0. Fails when the broker said that it takes no such message.
  Outcome<wire::PacketId> publish(std::string_view topic, Bytes payload, wire::QoS qos, bool retain,
                                  const wire::Properties& properties);
  /// False while `limit` messages or the broker's Receive Maximum are unacknowledged.
  bool can_publish(std::uint16_t limit) const;
  /// Precondition: at least one filter.
  wire::PacketId subscribe(const std::vector<std::string>& filters, const wire::SubscribeFilter& how);
  wire::PacketId unsubscribe(const std::vector<std::string>& filters);

  /// Waits for the next thing to happen, until `deadline` if there is one. A message is acknowledged when the
  /// next call begins: the caller has dealt with it by then. `input` is a descriptor to watch as well; -1:
  /// none.
  Outcome<Event> next(std::optional<MonotonicTime> deadline, int input = -1);

  /// Acknowledges the last message, completes what is unfinished in both directions within `patience`, says
  /// DISCONNECT. Messages that arrive meanwhile are not acknowledged: they stay with the broker.
  Outcome<void> disconnect(std::chrono::milliseconds patience = std::chrono::seconds(5));

 private:
  Outcome<std::optional<Event>> handle(const wire::Packet& packet);
  Outcome<std::optional<Event>> handle_publish(const wire::Publish& publish);
  Outcome<std::optional<Event>> handle_answer(wire::PacketType type, wire::PacketId id,
                                              const wire::ReasonCodes& reasons);
  Outcome<std::optional<Event>> handle_ack(const wire::Ack& ack);
  Outcome<void> accept(const wire::Connack& connack);
  void acknowledge_last();
  wire::Connect connect_packet() const;

  const SessionOptions& options_;
  Connection connection_;
  Exchanges exchanges_;
  wire::InboundTopicAliases aliases_;
  std::optional<wire::Ack> owed_;  // for the message that the caller is dealing with
  bool is_leaving_ = false;
  // What the broker's CONNACK allows.
  std::uint16_t receive_maximum_ = 65535;
  std::uint32_t maximum_packet_size_ = wire::kLargestPacket;
  std::uint16_t topic_alias_maximum_ = 0;
  wire::QoS maximum_qos_ = wire::QoS::ExactlyOnce;
  bool retain_available_ = true;
};

}  // namespace hermod::client
