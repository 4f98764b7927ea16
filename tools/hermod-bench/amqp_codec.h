#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "packet.h"

/// As much of AMQP 0-9-1 as a durable queue with confirms takes, so that other brokers' queues can be
/// measured with the same load. Numbers and names are those of its specification.
namespace hermod::bench::amqp {

/// The one channel of a connection that is used; 0 is that of the connection itself.
constexpr std::uint16_t kChannel = 1;

/// Class and method, as they stand in a method frame.
enum class Method : std::uint32_t {
  ConnectionStart = 10 << 16 | 10,
  ConnectionStartOk = 10 << 16 | 11,
  ConnectionTune = 10 << 16 | 30,
  ConnectionTuneOk = 10 << 16 | 31,
  ConnectionOpen = 10 << 16 | 40,
  ConnectionOpenOk = 10 << 16 | 41,
  ConnectionClose = 10 << 16 | 50,
  ChannelOpen = 20 << 16 | 10,
  ChannelOpenOk = 20 << 16 | 11,
  ChannelClose = 20 << 16 | 40,
  QueueDeclare = 50 << 16 | 10,
  QueueDeclareOk = 50 << 16 | 11,
  BasicQos = 60 << 16 | 10,
  BasicQosOk = 60 << 16 | 11,
  BasicConsume = 60 << 16 | 20,
  BasicConsumeOk = 60 << 16 | 21,
  BasicPublish = 60 << 16 | 40,
  BasicDeliver = 60 << 16 | 60,
  BasicAck = 60 << 16 | 80,
  BasicNack = 60 << 16 | 120,
  ConfirmSelect = 85 << 16 | 10,
  ConfirmSelectOk = 85 << 16 | 11,
};

/// One frame inside the read buffer.
struct AmqpFrame {
  enum class Type : std::uint8_t { Method = 1, Header = 2, Body = 3, Heartbeat = 8 };
  Type type = Type::Method;
  Bytes payload;
};

/// Takes the first frame off `input`; `consumed` is its size when Complete.
FrameState next_amqp_frame(Bytes input, AmqpFrame& frame, std::size_t& consumed);

void put_method(std::string& out, std::uint16_t channel, Method method, std::string_view arguments);
/// A persistent message to the default exchange on channel 1: that is, into this queue.
void put_message(std::string& out, std::string_view queue, std::string_view payload);
void put_delivery_ack(std::string& out, std::uint64_t delivery_tag);
/// Precondition: text.size() <= 255.
void put_short_text(std::string& out, std::string_view text);

/// What acknowledges or refuses: BasicAck and BasicNack.
struct Confirm {
  std::uint64_t delivery_tag = 0;
  bool multiple = false;  ///< and everything below it
};
Confirm parse_confirm(ByteReader arguments);
/// The delivery tag of BasicDeliver.
std::uint64_t parse_delivery(ByteReader arguments);

}  // namespace hermod::bench::amqp
