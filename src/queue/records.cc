#include "queue/records.h"

#include <array>

namespace hermod::queue {
namespace {

constexpr std::uint8_t kRetainFlag = 0x10;
constexpr std::uint8_t kReleasedMark =
    0xFF;  ///< in place of the QoS: no message, only its identifier is held

/// A delivery's record without its identifiers, and a message's without topic, properties and payload.
constexpr std::size_t kDeliverySize = 1 + 1 + 8 + 2;
constexpr std::size_t kMessageSize = 1 + 8 + 8 + 8 + 2 + 4 + 4;

void write_message(ByteFiller& out, const Message& message) {
  out.u8(static_cast<std::uint8_t>(static_cast<std::uint8_t>(message.qos()) |
                                   (message.retain() ? kRetainFlag : 0)));
  out.u64(message.publisher().v);
  out.u64(micros_of(message.stored_at()));
  out.u64(micros_of(message.expires_at()));
  out.sized16(message.topic());
  out.sized32(as_text(message.forwarded_properties()));
  out.sized32(as_text(message.payload()));
}

Result<MessagePtr> read_message(ByteReader& in) {
  Message::Fields fields;
  const std::uint8_t flags = in.u8();
  fields.publisher = SessionId{in.u64()};
  fields.stored_at = wall_time_of(in.u64());
  fields.expires_at = wall_time_of(in.u64());
  fields.topic = as_text(in.sized16());
  fields.forwarded_properties = in.sized32();
  fields.payload = in.sized32();
  if (!in.ok()) return failure(Errc::Corruption, "message record: it ends too early");
  if (in.remaining() != 0) return failure(Errc::Corruption, "message record: bytes behind the payload");
  if ((flags & ~(kRetainFlag | 0x03)) != 0 || (flags & 0x03) == 3)
    return failure(Errc::Corruption, "message record: unknown flags");
  fields.qos = static_cast<wire::QoS>(flags & 0x03);
  fields.retain = (flags & kRetainFlag) != 0;
  return Message::create(fields);
}

std::size_t size_of(const Delivery& delivery) {
  return kDeliverySize + 4 * delivery.identifiers.size();
}

void write_delivery(ByteFiller& out, const Delivery& delivery) {
  out.u8(kRecordVersion);
  out.u8(static_cast<std::uint8_t>(static_cast<std::uint8_t>(delivery.qos) |
                                   (delivery.retain ? kRetainFlag : 0)));
  out.u64(delivery.group);
  out.u16(static_cast<std::uint16_t>(delivery.identifiers.size()));
  for (const std::uint32_t identifier : delivery.identifiers) out.u32(identifier);
}

std::size_t size_with_message(const Delivery& delivery) {
  return size_of(delivery) + kMessageSize + delivery.message->size();
}

void write_with_message(ByteFiller& out, const Delivery& delivery) {
  write_delivery(out, delivery);
  write_message(out, *delivery.message);
}

/// Everything of a delivery but its message.
Result<Delivery> read_delivery(ByteReader& in) {
  if (in.u8() != kRecordVersion) return failure(Errc::Unsupported, "entry record: unknown version");
  Delivery delivery;
  const std::uint8_t flags = in.u8();
  delivery.group = in.u64();
  const std::uint16_t identifiers = in.u16();
  if (!in.ok() || in.remaining() < std::size_t{identifiers} * 4)
    return failure(Errc::Corruption, "entry record: it ends inside the subscription identifiers");
  if ((flags & ~(kRetainFlag | 0x03)) != 0 || (flags & 0x03) == 3)
    return failure(Errc::Corruption, "entry record: unknown flags");
  delivery.qos = static_cast<wire::QoS>(flags & 0x03);
  delivery.retain = (flags & kRetainFlag) != 0;
  for (std::uint16_t i = 0; i < identifiers; ++i) delivery.identifiers.push_back(in.u32());
  return delivery;
}

}  // namespace

Result<std::size_t> message_size(Bytes head, std::size_t record_size, std::size_t message_record_size) {
  ByteReader in(head);
  if (in.u8() != kRecordVersion) return failure(Errc::Unsupported, "entry record: unknown version");
  const std::uint8_t flags = in.u8();
  in.u64();
  const std::size_t delivery_size = kDeliverySize + std::size_t{in.u16()} * 4;
  if ((flags & 0x03) == 0 || (flags & ~(kRetainFlag | 0x03)) != 0 || (flags & 0x03) == 3)
    return failure(Errc::Corruption, "entry record: unknown flags");
  const std::size_t whole = message_record_size == 0 ? record_size : message_record_size;
  const std::size_t around = kMessageSize + (message_record_size == 0 ? delivery_size : 1);
  if (!in.ok() || record_size < delivery_size || whole < around)
    return failure(Errc::Corruption, "entry record: it ends too early");
  return whole - around;
}

std::optional<std::size_t> size_in_record(std::size_t record_size) {
  if (record_size < 1 + kMessageSize) return std::nullopt;
  return record_size - 1 - kMessageSize;
}

std::string encode_message(const Message& message) {
  std::string record(encoded_size(message), '\0');
  ByteFiller out(record.data());
  write_encoded(out, message);
  return record;
}

std::size_t encoded_size(const Message& message) {
  return 1 + kMessageSize + message.size();
}

void write_encoded(ByteFiller& out, const Message& message) {
  out.u8(kRecordVersion);
  write_message(out, message);
}

Result<MessagePtr> decode_message(Bytes record) {
  ByteReader in(record);
  if (in.u8() != kRecordVersion) return failure(Errc::Unsupported, "message record: unknown version");
  return read_message(in);
}

bool is_released(Bytes record) {
  return record.size() == 2 && record[0] == kRecordVersion && record[1] == kReleasedMark;
}

std::string encode_entry(const Delivery& delivery) {
  std::string record(size_with_message(delivery), '\0');
  ByteFiller out(record.data());
  write_with_message(out, delivery);
  return record;
}

std::string encode_shared_entry(const Delivery& delivery) {
  std::string record(size_of(delivery), '\0');
  ByteFiller out(record.data());
  write_delivery(out, delivery);
  return record;
}

Result<Delivery> decode_entry(Bytes record) {
  ByteReader in(record);
  auto delivery = read_delivery(in);
  if (!delivery) return delivery;
  auto message = read_message(in);
  if (!message) return tl::unexpected(message.error());
  delivery->message = std::move(*message);
  return delivery;
}

Result<Delivery> decode_shared_entry(Bytes record, MessagePtr message) {
  ByteReader in(record);
  auto delivery = read_delivery(in);
  if (!delivery) return delivery;
  if (in.remaining() != 0) return failure(Errc::Corruption, "entry record: bytes behind its end");
  delivery->message = std::move(message);
  return delivery;
}

void append_entry(store::WriteBatch& batch, StreamId queue, const Delivery& delivery) {
  batch.append(queue, size_with_message(delivery), [&](char* at) {
    ByteFiller out(at);
    write_with_message(out, delivery);
  });
}

void append_entry(store::WriteBatch& batch, StreamId queue, const Delivery& delivery, MessageId stored) {
  batch.append_shared(queue, stored, as_bytes(encode_shared_entry(delivery)));
}

void put_message(store::WriteBatch& batch, MessageId id, const Message& message) {
  batch.put_message(id, as_bytes(encode_message(message)));
}

void erase_entry(store::WriteBatch& batch, StreamId queue, Seq seq) {
  batch.erase_entry(queue, seq);
}

void record_released(store::WriteBatch& batch, StreamId queue, Seq seq) {
  const std::array<std::uint8_t, 2> record{kRecordVersion, kReleasedMark};
  batch.put_entry(queue, seq, record);
}

}  // namespace hermod::queue
