#include "queue/delayed_records.h"

#include <utility>

#include "queue/records.h"

namespace hermod::queue {
namespace {

Result<DelayedTime> read_delayed_time(ByteReader& in) {
  if (in.u8() != kRecordVersion) return failure(Errc::Unsupported, "delayed record: unknown version");
  const std::uint8_t kind = in.u8();
  DelayedTime time;
  time.due = wall_time_of(in.u64());
  time.sent = wall_time_of(in.u64());
  if (!in.ok()) return failure(Errc::Corruption, "delayed record: it ends too early");
  time.kind = static_cast<DelayedTime::Kind>(kind);
  if (time.kind != DelayedTime::Kind::Delay && time.kind != DelayedTime::Kind::TimeOfDay)
    return failure(Errc::Corruption, "delayed record: unknown kind");
  return time;
}

}  // namespace

std::string encode_delayed(const DelayedTime& time, std::string_view client_id, const Message& message) {
  constexpr std::size_t kFront = 1 + 1 + 8 + 8 + 2;
  std::string record(kFront + client_id.size() + encoded_size(message), '\0');
  ByteFiller out(record.data());
  out.u8(kRecordVersion);
  out.u8(static_cast<std::uint8_t>(time.kind));
  out.u64(micros_of(time.due));
  out.u64(micros_of(time.sent));
  out.sized16(client_id);
  write_encoded(out, message);
  return record;
}

Result<DelayedMessage> decode_delayed(Bytes record) {
  ByteReader in(record);
  const auto time = read_delayed_time(in);
  if (!time) return tl::unexpected(time.error());
  DelayedMessage delayed{*time, {}};
  delayed.content.client_id = as_text(in.sized16());
  if (!in.ok()) return failure(Errc::Corruption, "delayed record: it ends too early");
  auto message = decode_message(in.rest());
  if (!message) return tl::unexpected(message.error());
  delayed.content.message = *std::move(message);
  return delayed;
}

Result<DelayedTime> decode_delayed_time(Bytes head) {
  ByteReader in(head);
  return read_delayed_time(in);
}

void append_delayed(store::WriteBatch& batch, const DelayedTime& time, std::string_view client_id,
                    const Message& message) {
  batch.append(kDelayedStream, as_bytes(encode_delayed(time, client_id, message)));
}

void erase_delayed(store::WriteBatch& batch, Seq seq) {
  batch.erase_entry(kDelayedStream, seq);
}

}  // namespace hermod::queue
