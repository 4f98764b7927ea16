#include "record_text.h"

#include <chrono>
#include <ctime>

#include "queue/records.h"
#include "retain/records.h"
#include "session/records.h"
#include "session/will.h"
#include "store/generation.h"
#include "store/lmdb/lmdb_tables.h"

namespace hermod::ctl {
namespace {

using store::Table;

std::string hexadecimal(Bytes bytes) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string digits;
  for (const std::uint8_t byte : bytes) {
    digits.push_back(kDigits[byte >> 4]);
    digits.push_back(kDigits[byte & 15]);
  }
  return digits;
}

/// RFC 3339, seconds.
std::string time_text(WallTime time) {
  const std::time_t seconds =
      std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char printed[32];
  return text({printed, std::strftime(printed, sizeof printed, "%Y-%m-%dT%H:%M:%SZ", &parts)});
}

void add(Fields& fields, const char* name, std::string json) {
  fields.push_back({name, std::move(json)});
}

void add_unread(Fields& fields, const std::string& why, Bytes value) {
  add(fields, "error", text(why));
  add(fields, "bytes", text(hexadecimal(value)));
}

void add_number(Fields& fields, const char* name, Bytes key) {
  ByteReader in(key);
  const std::uint64_t value = in.u64();
  if (in.ok() && in.remaining() == 0)
    add(fields, name, number(value));
  else
    add(fields, "key", text(hexadecimal(key)));
}

void add_message(Fields& fields, const queue::Message& message) {
  add(fields, "topic", text(message.topic()));
  add(fields, "qos", number(static_cast<std::uint64_t>(message.qos())));
  add(fields, "retain", flag(message.retain()));
  add(fields, "payload_bytes", number(message.payload().size()));
  add(fields, "stored_at", time_text(message.stored_at()));
  if (message.expires_at() != queue::Message::kNever)
    add(fields, "expires_at", time_text(message.expires_at()));
}

void describe_session(Fields& fields, Bytes value) {
  const auto record = session::decode_session(value);
  if (!record) return add_unread(fields, record.error().detail, value);
  add(fields, "client_id", text(record->client_id));
  add(fields, "expiry_interval", number(record->expiry_interval));
  if (record->absent_since) add(fields, "absent_since", time_text(*record->absent_since));
  add(fields, "sent_before", number(record->sent_before.v));
  if (record->will) add(fields, "will_topic", text(record->will->topic));
}

void describe_subscription(Fields& fields, Bytes value) {
  const auto record = session::decode_subscription(value);
  if (!record) return add_unread(fields, record.error().detail, value);
  add(fields, "filter", text(record->filter));
  add(fields, "qos", number(record->options.granted_qos));
  add(fields, "no_local", flag(record->options.no_local));
  add(fields, "retain_as_published", flag(record->options.retain_as_published));
  if (record->options.identifier != 0) add(fields, "identifier", number(record->options.identifier));
}

void describe_message(Fields& fields, Bytes value) {
  const auto message = queue::decode_message(value);
  if (!message) return add_unread(fields, message.error().detail, value);
  add_message(fields, **message);
}

/// `message`: zero when everything is in the value.
void describe_entry(Fields& fields, MessageId message, Bytes value) {
  if (queue::is_released(value)) return add(fields, "released", flag(true));
  if (message.v != 0) return add(fields, "message", number(message.v));
  const auto delivery = queue::decode_entry(value);
  if (!delivery) return add_unread(fields, delivery.error().detail, value);
  add_message(fields, *delivery->message);
}

void describe_stored_entry(Fields& fields, Bytes key, Bytes value) {
  ByteReader in(key);
  add(fields, "stream", number(in.u64()));
  add(fields, "sequence", number(in.u64()));
  const auto parts = store::parts_in_table(value);
  if (!parts) return add_unread(fields, parts.error().detail, value);
  describe_entry(fields, parts->message, parts->value);
}

void describe_key(Fields& fields, Table table, Bytes key) {
  switch (table) {
    case Table::Sessions:
    case Table::Subscriptions:
    case Table::InboundIds: {
      const auto read = session::decode_key(table, key);
      if (!read) return add(fields, "key", text(hexadecimal(key)));
      add(fields, "session", number(read->session.v));
      if (table == Table::Subscriptions) add(fields, "number", number(read->number));
      if (table == Table::InboundIds) add(fields, "packet_id", number(read->number));
      return;
    }
    case Table::Messages:
      return add_number(fields, "message", key);
    case Table::Streams:
      return add_number(fields, "stream", key);
    case Table::Retained:
      return add_number(fields, "number", key);
    case Table::Meta:
      return add(fields, "name", text(as_text(key)));
    case Table::Entries:
    case Table::Delayed:
      break;
  }
  add(fields, "key", text(hexadecimal(key)));
}

void describe_value(Fields& fields, Table table, Bytes value) {
  switch (table) {
    case Table::Sessions:
      return describe_session(fields, value);
    case Table::Subscriptions:
      return describe_subscription(fields, value);
    case Table::Messages:
    case Table::Retained:
      return describe_message(fields, value);
    case Table::Streams:
      return add_number(fields, "next_sequence", value);
    case Table::InboundIds:
    case Table::Entries:
    case Table::Delayed:
    case Table::Meta:
      break;
  }
  add(fields, "bytes", text(hexadecimal(value)));
}

const char* kind_name(store::Op::Kind kind) {
  using Kind = store::Op::Kind;
  switch (kind) {
    case Kind::Put:
      return "put";
    case Kind::Erase:
      return "erase";
    case Kind::Append:
    case Kind::AppendShared:
      return "append";
    case Kind::PutEntry:
      return "put_entry";
    case Kind::EraseEntry:
      return "erase_entry";
    case Kind::EraseStream:
      return "erase_stream";
  }
  return "unknown";
}

}  // namespace

Fields describe_record(Table table, Bytes key, Bytes value) {
  Fields fields{{"table", text(store::table_name(table))}};
  if (table == Table::Entries) {
    describe_stored_entry(fields, key, value);
    return fields;
  }
  describe_key(fields, table, key);
  describe_value(fields, table, value);
  return fields;
}

Fields describe_op(const store::Op& op) {
  using Kind = store::Op::Kind;
  Fields fields{{"change", text(kind_name(op.kind))}};
  if (op.kind == Kind::Put || op.kind == Kind::Erase) {
    add(fields, "table", text(store::table_name(op.table)));
    describe_key(fields, op.table, op.key);
    if (op.kind == Kind::Put) describe_value(fields, op.table, op.value);
    return fields;
  }
  add(fields, "stream", number(op.stream.v));
  if (op.kind != Kind::EraseStream) add(fields, "sequence", number(op.seq.v));
  if (op.kind != Kind::EraseStream && op.kind != Kind::EraseEntry)
    describe_entry(fields, op.message, op.value);
  return fields;
}

}  // namespace hermod::ctl
