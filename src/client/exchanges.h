#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

#include "base/small_id_set.h"
#include "wire/packets.h"

namespace hermod::client {

/// The unfinished QoS 1 and 2 exchanges of one connection, in both directions. Pure: packets in, packets out.
/// Owned by the Client; ends with it, as the commands resume nothing.
class Exchanges {
 public:
  /// `first` is the first packet id to be used. A client that resumes a session starts anywhere but at 1: the
  /// broker may still hold ids of the process before.
  explicit Exchanges(std::uint16_t first = 1) : next_(static_cast<std::uint16_t>(first - 1)) {}

  /// A packet id for SUBSCRIBE, UNSUBSCRIBE or PUBLISH that is not in use [MQTT-2.2.1-3]. Precondition: fewer
  /// than 65535 are.
  wire::PacketId start_publish(wire::QoS qos);
  wire::PacketId start_request(wire::PacketType type, std::size_t filters);
  /// SUBACK or UNSUBACK arrived with so many reasons. False: that answers nothing that was asked.
  bool finish_request(wire::PacketType answer, wire::PacketId id, std::size_t reasons);

  struct Step {
    std::optional<wire::Ack> answer;  ///< to be sent
    bool is_finished = false;         ///< the message is delivered or refused: ack.reason says which
    bool is_foreign = false;          ///< no such exchange
  };
  /// PUBACK, PUBREC, PUBCOMP for what we published, PUBREL for what we received.
  Step on_ack(const wire::Ack& ack);

  /// A PUBLISH arrived. False: a QoS 2 message we have already.
  bool on_publish(const wire::Publish& publish);
  /// What to answer once the message is dealt with.
  static std::optional<wire::Ack> answer_to(const wire::Publish& publish);

  std::size_t publishes_in_flight() const { return publishes_.size(); }
  bool idle() const { return publishes_.empty() && held_.empty(); }

 private:
  enum class State { AwaitPuback, AwaitPubrec, AwaitPubcomp };

  struct Request {
    wire::PacketType type{};
    std::size_t filters = 0;
  };

  wire::PacketId free_id();

  std::uint16_t next_;  // the id given last
  std::map<std::uint16_t, State> publishes_;
  std::map<std::uint16_t, Request> requests_;
  SmallIdSet held_;  // received with QoS 2 and not released
};

}  // namespace hermod::client
