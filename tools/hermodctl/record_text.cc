#include "record_text.h"

#include <chrono>
#include <ctime>

#include "queue/delayed_records.h"
#include "queue/group_records.h"
#include "queue/queue_changes.h"
#include "queue/queue_id.h"
#include "queue/queue_option.h"
#include "queue/records.h"
#include "queue/stream_records.h"
#include "queue/transaction_records.h"
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
  if (!record->property_filter.empty()) add(fields, "property_filter", text(record->property_filter));
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

std::string queue_number(QueueId queue) {
  return number(queue::number_of(queue));
}

void describe_claim(Fields& fields, Bytes value) {
  const auto claim = queue::decode_claim(value);
  if (!claim) return add_unread(fields, claim.error().detail, value);
  add(fields, "claimed_queue", queue_number(claim->queue));
  add(fields, "claimed_sequence", number(claim->seq.v));
  add(fields, "deliveries", number(claim->deliveries));
}

void describe_unanswered_claim(Fields& fields, Bytes value) {
  const auto stored = queue::decode_unanswered_claim(value);
  if (!stored) return add_unread(fields, stored.error().detail, value);
  add(fields, "unanswered", flag(true));
  add(fields, "claimed_queue", queue_number(stored->claim.queue));
  add(fields, "claimed_sequence", number(stored->claim.seq.v));
  add(fields, "deliveries", number(stored->claim.deliveries));
  add_message(fields, *stored->message);
}

void describe_queue_entry(Fields& fields, MessageId message, Bytes value) {
  const auto entry =
      message.v != 0 ? queue::decode_shared_queue_entry(value, {}) : queue::decode_queue_entry(value);
  if (!entry) return add_unread(fields, entry.error().detail, value);
  if (message.v != 0) add(fields, "message", number(message.v));
  if (!entry->key.empty()) add(fields, "key", text(entry->key));
  if (!entry->deaths.empty()) {
    add(fields, "deaths", number(entry->deaths.size()));
    add(fields, "died_in", text(entry->deaths.back().queue));
    add(fields, "died_of", text(queue::name_of(entry->deaths.back().reason)));
  }
  if (entry->message) add_message(fields, *entry->message);
}

void describe_delayed(Fields& fields, Bytes value) {
  const auto delayed = queue::decode_delayed(value);
  if (!delayed) return add_unread(fields, delayed.error().detail, value);
  add(fields, "due", number(micros_of(delayed->time.due)));
  add(fields, "client", text(delayed->content.client_id));
  add_message(fields, *delayed->content.message);
}

void describe_transaction(Fields& fields, Bytes value) {
  const auto record = queue::decode_transaction(value);
  if (!record) return add_unread(fields, record.error().detail, value);
  if (const auto* end = std::get_if<queue::TransactionEnd>(&*record)) {
    add(fields, "transaction", text(end->id));
    add(fields, "outcome",
        text(end->outcome == queue::TransactionOutcome::Committed ? "committed" : "rolled back"));
    return add(fields, "at", number(micros_of(end->at)));
  }
  const auto& prepared = std::get<queue::PreparedMessage>(*record);
  add(fields, "transaction", text(prepared.id));
  add(fields, "group", text(prepared.group));
  add(fields, "client", text(prepared.client_id));
  add(fields, "sent", number(micros_of(prepared.sent)));
  add_message(fields, *prepared.message);
}

/// Which stream it is: the number of a session, or that of a named queue, or the one of delayed messages
/// or of transactions.
void add_stream(Fields& fields, StreamId stream) {
  if (stream == queue::kDelayedStream) return add(fields, "queue", text("$delayed"));
  if (stream == queue::kTransactionStream) return add(fields, "queue", text("$tx"));
  if (queue::is_named(stream)) return add(fields, "queue", queue_number(QueueId{stream.v}));
  add(fields, "stream", number(stream.v));
}

/// `message`: zero when everything is in the value.
void describe_entry(Fields& fields, StreamId stream, MessageId message, Bytes value) {
  if (stream == queue::kDelayedStream && message.v == 0) return describe_delayed(fields, value);
  if (stream == queue::kTransactionStream && message.v == 0) return describe_transaction(fields, value);
  if (queue::is_named(stream)) return describe_queue_entry(fields, message, value);
  if (queue::is_released(value)) return add(fields, "released", flag(true));
  if (message.v == 0 && queue::is_claim(value)) return describe_claim(fields, value);
  if (message.v == 0 && queue::is_unanswered_claim(value)) return describe_unanswered_claim(fields, value);
  if (message.v != 0) return add(fields, "message", number(message.v));
  const auto delivery = queue::decode_entry(value);
  if (!delivery) return add_unread(fields, delivery.error().detail, value);
  add_message(fields, *delivery->message);
}

void describe_stored_entry(Fields& fields, Bytes key, Bytes value) {
  ByteReader in(key);
  const StreamId stream{in.u64()};
  add_stream(fields, stream);
  add(fields, "sequence", number(in.u64()));
  const auto parts = store::parts_in_table(value);
  if (!parts) return add_unread(fields, parts.error().detail, value);
  describe_entry(fields, stream, parts->message, parts->value);
}

void describe_queue(Fields& fields, Bytes value) {
  const auto record = queue::decode_queue(value);
  if (!record) return add_unread(fields, record.error().detail, value);
  add(fields, "name", text(record->definition.name));
  add(fields, "paused", flag(record->is_paused));
  std::string bound;
  for (const std::string& filter : record->definition.bind) bound += (bound.empty() ? "" : " ") + filter;
  add(fields, "bind", text(bound));
  for (const std::string_view option : queue::option_names(record->definition.kind))
    fields.push_back({std::string(option), text(queue::option_text(record->definition, option))});
}

void describe_group(Fields& fields, Bytes value) {
  const auto group = queue::decode_group(value);
  if (!group) return add_unread(fields, group.error().detail, value);
  add(fields, "group", text(group->name));
  add(fields, "next", number(group->position.next().v));
  add(fields, "not_before", time_text(group->position.begin().not_before));
  add(fields, "settled_behind", number(group->position.settled_behind()));
}

void describe_delivery(Fields& fields, Bytes value) {
  if (queue::is_group(value)) return describe_group(fields, value);
  const auto state = queue::decode_delivery_state(value);
  // Of a stream: where a reader stands, whose session is the number in the key. It is shorter.
  if (const auto position = queue::decode_stream_position(value); !state && position) {
    add(fields, "next", number(position->next.v));
    return add(fields, "not_before", time_text(position->not_before));
  }
  if (!state) return add_unread(fields, state.error().detail, value);
  add(fields, "deliveries", number(state->deliveries));
  add(fields, "due", time_text(state->due));
  add(fields, "pause_ms", number(static_cast<std::uint64_t>(state->pause.count())));
}

void describe_message_id(Fields& fields, Bytes value) {
  const auto record = queue::decode_message_id(value);
  if (!record) return add_unread(fields, record.error().detail, value);
  add(fields, "msg_id", text(record->id));
  add(fields, "admitted_at", time_text(record->admitted_at));
}

void describe_queue_key(Fields& fields, Table table, Bytes key) {
  const auto read = queue::decode_queue_key(table, key);
  if (!read) return add(fields, "key", text(hexadecimal(key)));
  add(fields, "queue", queue_number(read->queue));
  if (table == Table::Deliveries) add(fields, "sequence", number(read->number));
  if (table == Table::MessageIds) add(fields, "number", number(read->number));
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
      if (key.size() == 8) return add_stream(fields, StreamId{ByteReader(key).u64()});
      return add_number(fields, "stream", key);
    case Table::Retained:
      return add_number(fields, "number", key);
    case Table::Meta:
      return add(fields, "name", text(as_text(key)));
    case Table::Queues:
    case Table::Deliveries:
    case Table::MessageIds:
      return describe_queue_key(fields, table, key);
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
    case Table::Queues:
      return describe_queue(fields, value);
    case Table::Deliveries:
      return describe_delivery(fields, value);
    case Table::MessageIds:
      return describe_message_id(fields, value);
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
  add_stream(fields, op.stream);
  if (op.kind != Kind::EraseStream) add(fields, "sequence", number(op.seq.v));
  if (op.kind != Kind::EraseStream && op.kind != Kind::EraseEntry)
    describe_entry(fields, op.stream, op.message, op.value);
  return fields;
}

}  // namespace hermod::ctl
