#include "queue/control_parser.h"

#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "queue/control_fields.h"
#include "queue/queue_option.h"
#include "queue/transaction_form.h"

namespace hermod::queue {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMostSequence = std::numeric_limits<std::int64_t>::max();
constexpr std::uint64_t kMostCount = 1000;
constexpr std::uint64_t kMostPayloadBytes = 64 << 10;
constexpr std::uint64_t kMostPeekedBytes = 1 << 20;
constexpr std::string_view kQueueField = "queue";
constexpr std::string_view kOptionsField = "options";

/// How deep objects and lists are nested. The parser keeps no stack, but everything behind it may.
std::size_t depth_of(std::string_view text) {
  std::size_t depth = 0;
  std::size_t deepest = 0;
  bool is_in_string = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (is_in_string) {
      if (c == '\\') ++at;
      if (c == '"') is_in_string = false;
    } else if (c == '"') {
      is_in_string = true;
    } else if (c == '[' || c == '{') {
      deepest = std::max(deepest, ++depth);
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return deepest;
}

/// Where the options of a command are.
struct OptionFields {
  std::optional<std::vector<std::string>> bind{};
  std::vector<std::pair<std::string, std::string>> values{};

  bool empty() const { return !bind && values.empty(); }
};

Result<OptionFields> read_options(ControlFields& fields) {
  OptionFields options;
  const json* object = fields.object(kOptionsField);
  if (object == nullptr) return options;
  ControlFields inner(*object);
  options.bind = inner.texts("bind");
  options.values = inner.rest();
  if (const Status status = inner.status(); !status) return tl::unexpected(about_field(status.error()));
  QueueDefinition scratch;
  for (const auto& [option, value] : options.values) {
    const Status set = set_option(scratch, option, value);
    if (set) continue;
    if (set.error().code == Errc::NotFound)
      return tl::unexpected(about_field({Errc::Invalid, shown_field(option) + ": " + set.error().detail}));
    return tl::unexpected(about_field(set.error()));
  }
  return options;
}

Result<ControlCommand> read_create(ControlFields& fields) {
  const std::string name = fields.queue_name(kQueueField);
  const auto options = read_options(fields);
  if (const Status status = fields.status(); !status) return tl::unexpected(status.error());
  if (!options) return tl::unexpected(options.error());
  QueueDefinition standard;
  standard.name = name;
  const EditQueue edit{name, options->bind, options->values};
  CreateQueue command{edit.applied_to(standard)};
  if (const Status status = check(command.definition); !status)
    return tl::unexpected(about_field(status.error()));
  return command;
}

Result<ControlCommand> read_edit(ControlFields& fields) {
  EditQueue command;
  command.name = fields.queue_name(kQueueField);
  auto options = read_options(fields);
  if (options && options->empty()) fields.refuse(kOptionsField, "at least one option is expected");
  if (const Status status = fields.status(); !status) return tl::unexpected(status.error());
  if (!options) return tl::unexpected(options.error());
  command.bind = std::move(options->bind);
  command.options = std::move(options->values);
  return command;
}

template <class Command>
Result<ControlCommand> finished(ControlFields& fields, Command command) {
  if (const Status status = fields.status(); !status) return tl::unexpected(status.error());
  return ControlCommand(std::move(command));
}

/// A command that says nothing but of which queue.
template <class Command>
Result<ControlCommand> read_plain(ControlFields& fields) {
  return finished(fields, Command{fields.queue_name(kQueueField)});
}

Result<ControlCommand> read_delete(ControlFields& fields) {
  std::string name = fields.queue_name(kQueueField);
  return finished(fields, DeleteQueue{std::move(name), fields.flag("force")});
}

/// How many messages are shown, and how much of each.
template <class Command>
void read_amount_shown(ControlFields& fields, Command& command) {
  if (const auto count = fields.number("count", 1, kMostCount))
    command.count = static_cast<std::uint32_t>(*count);
  if (const auto bytes = fields.number("payload_bytes", 0, kMostPayloadBytes))
    command.payload_bytes = static_cast<std::uint32_t>(*bytes);
  if (std::uint64_t{command.count} * command.payload_bytes > kMostPeekedBytes)
    fields.refuse("payload_bytes", "count times payload_bytes is 1 MiB at most");
}

Result<ControlCommand> read_peek(ControlFields& fields) {
  PeekQueue command;
  command.name = fields.queue_name(kQueueField);
  command.from = Seq{fields.number("from", 0, kMostSequence).value_or(0)};
  read_amount_shown(fields, command);
  return finished(fields, std::move(command));
}

Result<ControlCommand> read_move(ControlFields& fields) {
  MoveMessages command;
  command.name = fields.queue_name(kQueueField);
  command.to = fields.queue_name("to");
  if (command.to == command.name) fields.refuse("to", "another queue is expected");
  if (const auto offset = fields.number("offset", 1, kMostSequence)) command.offset = Seq{*offset};
  command.count = fields.number("count", 1, kMostSequence);
  if (command.offset && command.count) fields.refuse("count", "offset says already which message");
  return finished(fields, std::move(command));
}

Result<ControlCommand> read_redrive(ControlFields& fields) {
  RedriveQueue command;
  command.name = fields.queue_name(kQueueField);
  command.to = fields.optional_queue_name("to");
  if (command.to == command.name) fields.refuse("to", "another queue is expected");
  command.count = fields.number("count", 1, kMostSequence);
  return finished(fields, std::move(command));
}

Result<ControlCommand> read_list(ControlFields& fields) {
  ListQueues command;
  command.after = fields.optional_queue_name("after").value_or("");
  if (const auto count = fields.number("count", 1, kMostCount))
    command.count = static_cast<std::uint32_t>(*count);
  return finished(fields, std::move(command));
}

Result<ControlCommand> read_list_delayed(ControlFields& fields) {
  ListDelayed command;
  command.from = Seq{fields.number("from", 0, kMostSequence).value_or(0)};
  if (const auto count = fields.number("count", 1, kMostCount))
    command.count = static_cast<std::uint32_t>(*count);
  command.topic = fields.text("topic");
  return finished(fields, std::move(command));
}

Result<ControlCommand> read_cancel_delayed(ControlFields& fields) {
  CancelDelayed command;
  if (const auto id = fields.number("id", 1, kMostSequence)) command.id = Seq{*id};
  command.message_id = fields.text("msg_id");
  command.topic = fields.text("topic");
  const int said = (command.id ? 1 : 0) + (command.message_id ? 1 : 0) + (command.topic ? 1 : 0);
  if (said != 1) fields.refuse("id", "either this is expected, or msg_id, or topic");
  return finished(fields, std::move(command));
}

template <class Command>
Result<ControlCommand> read_of_group(ControlFields& fields) {
  std::string stream = fields.queue_name(kQueueField);
  return finished(fields, Command{std::move(stream), fields.queue_name("group")});
}

Result<ControlCommand> read_seek(ControlFields& fields) {
  SeekGroup command;
  command.stream = fields.queue_name(kQueueField);
  command.group = fields.queue_name("group");
  const auto start = StreamStart::parse(fields.text("to").value_or(""));
  if (!start) fields.refuse("to", start.error().detail);
  if (start) command.to = *start;
  return finished(fields, std::move(command));
}

/// A time, as a reader may begin at one.
std::optional<WallTime> time_in(ControlFields& fields, std::string_view field) {
  const auto text = fields.text(field);
  if (!text) return std::nullopt;
  const auto start = StreamStart::parse(*text);
  if (start && start->from == StreamStart::From::Time) return start->time;
  fields.refuse(field,
                "microseconds since the epoch are expected, milliseconds with ms behind them, or a time such "
                "as 2026-11-29T07:00:00Z");
  return std::nullopt;
}

Result<ControlCommand> read_find(ControlFields& fields) {
  FindMessages command;
  command.stream = fields.queue_name(kQueueField);
  command.key = fields.text("key");
  command.message_id = fields.text("msg_id");
  command.from = Seq{fields.number("from", 1, kMostSequence).value_or(1)};
  if (const auto to = fields.number("to", 1, kMostSequence)) command.to = Seq{*to};
  command.since = time_in(fields, "since");
  command.until = time_in(fields, "until");
  read_amount_shown(fields, command);
  return finished(fields, std::move(command));
}

Result<ControlCommand> read_list_transactions(ControlFields& fields) {
  ListTransactions command;
  command.from = fields.text("from").value_or("");
  if (const auto count = fields.number("count", 1, kMostCount))
    command.count = static_cast<std::uint32_t>(*count);
  return finished(fields, std::move(command));
}

template <class Command>
Result<ControlCommand> read_end_transaction(ControlFields& fields) {
  Command command{fields.text("id").value_or("")};
  if (!is_transaction_id(command.id)) fields.refuse("id", "the id of a transaction is expected");
  return finished(fields, std::move(command));
}

struct CommandWord {
  std::string_view word;
  Result<ControlCommand> (*read)(ControlFields&);
};
constexpr std::array<CommandWord, 21> kCommandWords{
    {{"create", read_create},
     {"edit", read_edit},
     {"delete", read_delete},
     {"purge", read_plain<PurgeQueue>},
     {"pause", read_plain<PauseQueue>},
     {"resume", read_plain<ResumeQueue>},
     {"peek", read_peek},
     {"move", read_move},
     {"redrive", read_redrive},
     {"list", read_list},
     {"describe", read_plain<DescribeQueue>},
     {"listDelayed", read_list_delayed},
     {"cancelDelayed", read_cancel_delayed},
     {"listTransactions", read_list_transactions},
     {"commitTransaction", read_end_transaction<CommitTransaction>},
     {"rollbackTransaction", read_end_transaction<RollBackTransaction>},
     {"listGroups", read_plain<ListGroups>},
     {"showGroup", read_of_group<ShowGroup>},
     {"seekGroup", read_seek},
     {"deleteGroup", read_of_group<DeleteGroup>},
     {"find", read_find}}};

std::string all_words() {
  std::string out;
  for (const CommandWord& one : kCommandWords) out += (out.empty() ? "" : ", ") + std::string(one.word);
  return out;
}

ControlRequest read_request(const json& object) {
  ControlRequest request{.command = failure(Errc::Invalid, "commands: a list of objects is expected")};
  if (!object.is_object()) return request;
  ControlFields fields(object);
  request.word = fields.text("command").value_or("");
  request.correlation = fields.text("correlationData");
  const auto known = std::ranges::find(kCommandWords, request.word, &CommandWord::word);
  if (known == kCommandWords.end()) {
    // What it says is not repeated: its answer would be as long as the request.
    request.word.clear();
    request.command = failure(Errc::NotFound, "command: one of " + all_words() + " is expected");
    return request;
  }
  request.command = known->read(fields);
  return request;
}

}  // namespace

Result<std::vector<ControlRequest>> parse_control(std::string_view text) {
  if (text.size() > kLargestControlRequest) return failure(Errc::NoSpace, "a request has 64 KiB at most");
  if (depth_of(text) > kDeepestControlRequest)
    return failure(Errc::Invalid, "a request is nested 8 levels deep at most");
  json root;
  try {
    root = json::parse(text);
  } catch (const json::parse_error& fault) {
    return failure(Errc::Invalid, "no JSON: byte " + std::to_string(fault.byte));
  } catch (const json::exception&) {
    return failure(Errc::Invalid, "a number is too large");
  }
  const auto commands = root.is_object() ? root.find("commands") : root.end();
  if (commands == root.end() || !commands->is_array() || commands->empty())
    return failure(Errc::Invalid, R"(commands: a list is expected, as in {"commands":[{"command":"list"}]})");
  if (root.size() > 1) return failure(Errc::Invalid, "a request has nothing beside commands");
  if (commands->size() > kMostControlCommands)
    return failure(Errc::NoSpace, "a request has 64 commands at most");
  std::vector<ControlRequest> requests;
  requests.reserve(commands->size());
  for (const json& one : *commands) requests.push_back(read_request(one));
  return requests;
}

}  // namespace hermod::queue
