#include "queue_commands.h"

#include <array>

#include "broker_session.h"
#include "control_client.h"
#include "json_output.h"
#include "store_commands.h"

namespace hermod::ctl {
namespace {

using Verb = QueueOptions::Verb;

std::string word_of(Verb verb) {
  switch (verb) {
    case Verb::List:
      return "list";
    case Verb::Show:
      return "describe";
    case Verb::Create:
      return "create";
    case Verb::Edit:
      return "edit";
    case Verb::Delete:
      return "delete";
    case Verb::Purge:
      return "purge";
    case Verb::Pause:
      return "pause";
    case Verb::Resume:
      return "resume";
    case Verb::Peek:
      return "peek";
    case Verb::Move:
      return "move";
    case Verb::Redrive:
      return "redrive";
  }
  return "";
}

/// {"bind":[...],"lanes":"4"}; what an option takes, the broker says.
Result<Json> options_json(const QueueOptions& options) {
  Json fields = Json::object();
  if (!options.bind.empty()) fields["bind"] = options.bind;
  for (const std::string& setting : options.settings) {
    const std::size_t equals = setting.find('=');
    if (equals == 0 || equals == std::string::npos)
      return failure(Errc::Invalid, "--set " + setting + ": OPTION=VALUE is expected, such as lanes=4");
    const std::string name = setting.substr(0, equals);
    if (name == "bind") return failure(Errc::Invalid, "--set " + setting + ": topic filters go with --bind");
    fields[name] = setting.substr(equals + 1);
  }
  return fields;
}

Result<Json> command_json(const QueueOptions& options) {
  Json command;
  command["command"] = word_of(options.verb);
  if (!options.name.empty()) command["queue"] = options.name;
  if (!options.to.empty()) command["to"] = options.to;
  if (options.is_forced) command["force"] = true;
  if (options.from) command["from"] = *options.from;
  if (options.count) command["count"] = *options.count;
  if (options.bytes) command["payload_bytes"] = *options.bytes;
  if (options.offset) command["offset"] = *options.offset;
  if (options.verb != Verb::Create && options.verb != Verb::Edit) return command;
  auto fields = options_json(options);
  if (!fields) return fields;
  command["options"] = std::move(*fields);
  return command;
}

void print_data(const CommandLine& line, const Json& data) {
  if (line.queue.verb == Verb::Peek) return print_lines(list_in(data, "messages"), line.format);
  print_object(data, line.format);
}

/// All queues, as a table or in lines.
Status list_queues(const CommandLine& line, ControlClient& broker) {
  constexpr std::array<const char*, 8> kColumns{"queue",   "messages",  "ready", "out",
                                                "waiting", "consumers", "bytes", "paused"};
  const auto all = all_queues(broker);
  if (!all) return tl::unexpected(all.error());
  if (line.format == Format::Json) {
    print_lines(*all, line.format);
  } else {
    print_table(*all, kColumns);
  }
  return {};
}

}  // namespace

int run_queue(const CommandLine& line) {
  const auto command = command_json(line.queue);
  if (!command) {
    report_failure(command.error());
    return kWrong;
  }
  return ask_broker(line.queue.session, line.queue.patience_seconds, [&](ControlClient& broker) -> Status {
    if (line.queue.verb == Verb::List) return list_queues(line, broker);
    const auto data = broker.ask(*command);
    if (!data) return tl::unexpected(data.error());
    print_data(line, *data);
    return {};
  });
}

}  // namespace hermod::ctl
