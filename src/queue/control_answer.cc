#include "queue/control_answer.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "base/utf8.h"
#include "queue/queue_option.h"
#include "wire/properties.h"
#include "wire/utf8.h"

namespace hermod::queue {
namespace {

/// In the order in which fields are added: people read it too.
using Fields = nlohmann::ordered_json;

std::string dumped(const Fields& fields) {
  // Names and topics are UTF-8. Should anything else ever get here, it does no more than look odd.
  return fields.dump(-1, ' ', false, Fields::error_handler_t::replace);
}

Fields options_of(const QueueDefinition& definition) {
  Fields options;
  options["bind"] = definition.bind;
  for (const std::string_view name : option_names(definition.kind))
    options[std::string(name)] = option_text(definition, name);
  return options;
}

/// With its options, or in short.
Fields state_fields(const QueueState& state, bool is_whole) {
  Fields fields;
  fields["queue"] = state.queue->name();
  fields["configured"] = state.queue->is_configured;
  fields["paused"] = state.is_paused;
  fields["messages"] = state.messages;
  fields["bytes"] = state.bytes;
  // Numbers are read one by one while the queue goes on.
  fields["ready"] = state.messages - std::min(state.messages, state.out + state.waiting);
  fields["out"] = state.out;
  fields["waiting"] = state.waiting;
  fields["consumers"] = state.consumers;
  if (state.oldest) fields["oldest_ms"] = state.oldest->count();
  if (state.first) fields["first_offset"] = state.first->v;
  if (state.next) fields["next_offset"] = state.next->v;
  if (state.keys) fields["keys"] = *state.keys;
  if (state.flush) fields["flush"] = state.flush->text();
  if (is_whole) fields["options"] = options_of(state.queue->definition);
  return fields;
}

/// Whether a whole character of `payload` begins at `at`, and ends behind `end`.
bool is_cut(Bytes payload, std::size_t at, std::size_t end) {
  if (payload[at] < 0x80) return false;
  return at + character_at(&payload[at], payload.data() + payload.size()).size > end;
}

/// The beginning of a payload: as text when it is one, and then without the character that is cut.
void add_payload(Bytes payload, std::size_t most, Fields& fields) {
  fields["payload_bytes"] = payload.size();
  const Bytes shown = payload.first(std::min(payload.size(), most));
  const std::size_t most_cut = shown.size() < payload.size() ? std::min<std::size_t>(3, shown.size()) : 0;
  for (std::size_t cut = 0; cut <= most_cut; ++cut) {
    const Bytes text = shown.first(shown.size() - cut);
    if (cut > 0 && !is_cut(payload, text.size(), shown.size())) continue;
    if (!wire::is_valid_utf8(text)) continue;
    fields["payload"] = as_text(text);
    return;
  }
  fields["payload_base64"] = base64_text(shown);
}

std::string_view name_of(PeekedMessage::Where where) {
  switch (where) {
    case PeekedMessage::Where::Ready:
      return "ready";
    case PeekedMessage::Where::Out:
      return "out";
    case PeekedMessage::Where::Waiting:
      return "waiting";
  }
  return "";
}

Fields message_fields(Seq offset, const Message& message, const std::string& key) {
  Fields fields;
  fields["offset"] = offset.v;
  fields["topic"] = message.topic();
  fields["key"] = key;
  fields["qos"] = static_cast<int>(message.qos());
  fields["ts"] = micros_of(message.stored_at());
  if (message.expires_at() != Message::kNever) fields["expires"] = micros_of(message.expires_at());
  return fields;
}

/// What stands behind all else.
void add_content(const Message& message, std::size_t payload_bytes, Fields& fields) {
  for (const wire::UserProperty property : wire::UserProperties(message.forwarded_properties()))
    fields["properties"].push_back(Fields::array({property.name, property.value}));
  add_payload(message.payload(), payload_bytes, fields);
}

Fields message_fields(const PeekedMessage& peeked, std::size_t payload_bytes) {
  const Message& message = *peeked.entry.message;
  Fields fields = message_fields(peeked.offset, message, peeked.entry.key);
  fields["state"] = name_of(peeked.where);
  fields["deliveries"] = peeked.deliveries;
  for (const Death& death : peeked.entry.deaths)
    fields["deaths"].push_back(Fields{{"queue", death.queue},
                                      {"reason", queue::name_of(death.reason)},
                                      {"deliveries", death.deliveries},
                                      {"ts", micros_of(death.at)}});
  add_content(message, payload_bytes, fields);
  return fields;
}

Fields delayed_fields(const ListedDelayed& listed) {
  const DelayedTime& time = listed.delayed.time;
  const Message& message = *listed.delayed.content.message;
  Fields fields;
  fields["id"] = listed.id.v;
  fields["topic"] = message.topic();
  fields["due"] = micros_of(time.due);
  fields["sent"] = micros_of(time.sent);
  fields["kind"] = time.kind == DelayedTime::Kind::Delay ? "delay" : "time";
  fields["client"] = listed.delayed.content.client_id;
  fields["qos"] = static_cast<int>(message.qos());
  fields["retain"] = message.retain();
  fields["payload_bytes"] = message.payload().size();
  if (message.expires_at() != Message::kNever) fields["expires"] = micros_of(message.expires_at());
  for (const wire::UserProperty property : wire::UserProperties(message.forwarded_properties()))
    if (property.name == "msg-id" && !fields.contains("msg_id")) fields["msg_id"] = property.value;
  return fields;
}

Fields group_fields(const GroupState& state) {
  Fields fields;
  fields["group"] = state.group->group->name;
  fields["queue"] = state.group->name();
  fields["position"] = state.position.v;
  fields["next_offset"] = state.next.v;
  fields["lag"] = state.lag;
  fields["lag_ms"] = state.oldest ? state.oldest->count() : 0;
  fields["out"] = state.out;
  fields["waiting"] = state.waiting;
  fields["members"] = state.members;
  fields["passed_over"] = state.passed_over;
  fields["filter"] = state.filter;
  fields["filtered"] = state.filtered;
  return fields;
}

Fields transaction_fields(const ListedTransaction& listed) {
  Fields fields;
  fields["id"] = listed.id;
  fields["group"] = listed.group;
  fields["client"] = listed.client;
  fields["messages"] = listed.messages;
  fields["bytes"] = listed.bytes;
  fields["age"] = listed.age.count();
  fields["checks"] = listed.checks;
  return fields;
}

/// What stands under "data"; null: nothing does.
struct DataFields {
  Fields operator()(const Done&) const { return nullptr; }
  Fields operator()(const MessagesDone& done) const { return {{"messages", done.messages}}; }
  Fields operator()(const QueueState& state) const { return state_fields(state, true); }
  Fields operator()(const QueueList& list) const {
    Fields queues = Fields::array();
    for (const QueueState& state : list.queues) queues.push_back(state_fields(state, false));
    return {{"queues", std::move(queues)}, {"more", list.has_more}};
  }
  Fields operator()(const PeekedMessages& peeked) const {
    Fields messages = Fields::array();
    for (const PeekedMessage& message : peeked.messages)
      messages.push_back(message_fields(message, peeked.payload_bytes));
    return {{"messages", std::move(messages)}, {"more", peeked.has_more}};
  }
  Fields operator()(const DelayedList& list) const {
    Fields messages = Fields::array();
    for (const ListedDelayed& one : list.messages) messages.push_back(delayed_fields(one));
    Fields fields{{"messages", std::move(messages)}, {"more", list.has_more}};
    if (list.has_more) fields["next"] = list.next.v;
    return fields;
  }
  Fields operator()(const FoundMessages& found) const {
    Fields messages = Fields::array();
    for (const StreamEntry& one : found.messages) {
      messages.push_back(message_fields(one.seq, *one.message, one.key));
      add_content(*one.message, found.payload_bytes, messages.back());
    }
    Fields fields{{"messages", std::move(messages)}, {"more", found.has_more}};
    if (found.has_more) fields["next"] = found.next.v;
    return fields;
  }
  Fields operator()(const GroupState& state) const { return group_fields(state); }
  Fields operator()(const GroupList& list) const {
    Fields groups = Fields::array();
    for (const GroupState& state : list.groups) groups.push_back(group_fields(state));
    return {{"groups", std::move(groups)}};
  }
  Fields operator()(const TransactionList& list) const {
    Fields transactions = Fields::array();
    for (const ListedTransaction& one : list.transactions) transactions.push_back(transaction_fields(one));
    Fields fields{{"transactions", std::move(transactions)}, {"more", list.has_more}};
    if (list.has_more) fields["next"] = list.next;
    return fields;
  }
};

/// In bytes, on the safe side unless much has to be escaped.
struct ShownSize {
  static constexpr std::size_t kFields = 256;

  std::size_t operator()(const Done&) const { return kFields; }
  std::size_t operator()(const MessagesDone&) const { return kFields; }
  std::size_t operator()(const QueueState&) const { return 8 * kFields; }
  std::size_t operator()(const QueueList& list) const { return kFields * (1 + list.queues.size()); }
  std::size_t operator()(const PeekedMessages& peeked) const {
    std::size_t size = kFields;
    for (const PeekedMessage& one : peeked.messages) {
      const std::size_t payload = one.entry.message->payload().size();
      size += kFields + one.entry.message->size() - payload +
              std::min<std::size_t>(payload, peeked.payload_bytes);
    }
    return size;
  }
  std::size_t operator()(const FoundMessages& found) const {
    std::size_t size = kFields;
    for (const StreamEntry& one : found.messages) {
      const std::size_t payload = one.message->payload().size();
      size += kFields + one.message->size() - payload + std::min<std::size_t>(payload, found.payload_bytes);
    }
    return size;
  }
  std::size_t operator()(const GroupState&) const { return 2 * kFields; }
  std::size_t operator()(const GroupList& list) const { return 2 * kFields * (1 + list.groups.size()); }
  std::size_t operator()(const DelayedList& list) const {
    std::size_t size = kFields;
    for (const ListedDelayed& one : list.messages)
      size += kFields + one.delayed.content.size() - one.delayed.content.message->payload().size();
    return size;
  }
  std::size_t operator()(const TransactionList& list) const {
    std::size_t size = kFields;
    for (const ListedTransaction& one : list.transactions)
      size += kFields + one.id.size() + one.group.size() + one.client.size();
    return size;
  }
};

void add_error(const Error& error, Fields& fields) {
  fields["error"] = error.detail;
  fields["code"] = control_code(error.code);
}

std::string responses(Fields list) {
  Fields whole;
  whole["responses"] = std::move(list);
  return dumped(whole);
}

}  // namespace

std::size_t shown_size(const ControlResult& result) {
  return std::visit(ShownSize{}, result);
}

std::string_view control_code(Errc code) {
  switch (code) {
    case Errc::NotFound:
      return "not-found";
    case Errc::Invalid:
      return "invalid";
    case Errc::Busy:
      return "busy";
    case Errc::NoSpace:
      return "full";
    case Errc::Unsupported:
      return "unavailable";
    case Errc::Timeout:
      return "timeout";
    case Errc::Corruption:
    case Errc::Io:
    case Errc::Closed:
      break;
  }
  return "failed";
}

std::string control_text(std::span<const ControlAnswer> answers) {
  Fields list = Fields::array();
  for (const ControlAnswer& answer : answers) {
    Fields fields = Fields::object();
    fields["command"] = answer.word;
    if (answer.result) {
      Fields data = std::visit(DataFields{}, *answer.result);
      if (!data.is_null()) fields["data"] = std::move(data);
    } else {
      add_error(answer.result.error(), fields);
    }
    if (answer.correlation) fields["correlationData"] = *answer.correlation;
    list.push_back(std::move(fields));
  }
  return responses(std::move(list));
}

std::string control_text(const Error& error) {
  Fields fields = Fields::object();
  fields["command"] = "";
  add_error(error, fields);
  return responses(Fields::array({std::move(fields)}));
}

}  // namespace hermod::queue
