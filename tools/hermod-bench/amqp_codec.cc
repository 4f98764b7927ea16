#include "amqp_codec.h"

namespace hermod::bench::amqp {
namespace {

constexpr std::uint8_t kFrameEnd = 0xce;
constexpr std::size_t kFrameHead = 7;
constexpr std::uint16_t kBasicClass = 60;
constexpr std::uint16_t kHasDeliveryMode = 0x1000;
constexpr std::uint8_t kPersistent = 2;

/// Begins a frame whose size end_frame() fills in. Returns its beginning.
std::size_t begin_frame(std::string& out, AmqpFrame::Type type, std::uint16_t channel) {
  const std::size_t begin = out.size();
  ByteWriter writer(out);
  writer.u8(static_cast<std::uint8_t>(type));
  writer.u16(channel);
  writer.u32(0);
  return begin;
}

void end_frame(std::string& out, std::size_t begin) {
  const std::size_t size = out.size() - begin - kFrameHead;
  for (std::size_t i = 0; i < 4; ++i) out[begin + 3 + i] = static_cast<char>(size >> (8 * (3 - i)));
  out.push_back(static_cast<char>(kFrameEnd));
}

}  // namespace

FrameState next_amqp_frame(Bytes input, AmqpFrame& frame, std::size_t& consumed) {
  if (input.size() < kFrameHead) return FrameState::NeedMore;
  ByteReader reader(input);
  frame.type = static_cast<AmqpFrame::Type>(reader.u8());
  reader.u16();
  const std::size_t size = reader.u32();
  if (reader.remaining() < size + 1) return FrameState::NeedMore;
  frame.payload = reader.bytes(size);
  consumed = kFrameHead + size + 1;
  return reader.u8() == kFrameEnd ? FrameState::Complete : FrameState::Malformed;
}

void put_short_text(std::string& out, std::string_view text) {
  out.push_back(static_cast<char>(text.size()));
  out.append(text);
}

void put_method(std::string& out, std::uint16_t channel, Method method, std::string_view arguments) {
  const std::size_t begin = begin_frame(out, AmqpFrame::Type::Method, channel);
  ByteWriter writer(out);
  writer.u32(static_cast<std::uint32_t>(method));
  writer.bytes(arguments);
  end_frame(out, begin);
}

void put_message(std::string& out, std::string_view queue, std::string_view payload) {
  std::size_t begin = begin_frame(out, AmqpFrame::Type::Method, kChannel);
  ByteWriter writer(out);
  writer.u32(static_cast<std::uint32_t>(Method::BasicPublish));
  writer.u16(0);
  put_short_text(out, "");
  put_short_text(out, queue);
  writer.u8(0);
  end_frame(out, begin);
  begin = begin_frame(out, AmqpFrame::Type::Header, kChannel);
  writer.u16(kBasicClass);
  writer.u16(0);
  writer.u64(payload.size());
  writer.u16(kHasDeliveryMode);
  writer.u8(kPersistent);
  end_frame(out, begin);
  begin = begin_frame(out, AmqpFrame::Type::Body, kChannel);
  writer.bytes(payload);
  end_frame(out, begin);
}

void put_delivery_ack(std::string& out, std::uint64_t delivery_tag) {
  const std::size_t begin = begin_frame(out, AmqpFrame::Type::Method, kChannel);
  ByteWriter writer(out);
  writer.u32(static_cast<std::uint32_t>(Method::BasicAck));
  writer.u64(delivery_tag);
  writer.u8(0);
  end_frame(out, begin);
}

Confirm parse_confirm(ByteReader arguments) {
  Confirm confirm;
  confirm.delivery_tag = arguments.u64();
  confirm.multiple = (arguments.u8() & 1) != 0;
  return confirm;
}

std::uint64_t parse_delivery(ByteReader arguments) {
  arguments.bytes(arguments.u8());  // the consumer's tag
  return arguments.u64();
}

}  // namespace hermod::bench::amqp
