#include "queue_commands.h"

#include <algorithm>
#include <array>
#include <iostream>

#include "client/stop_signal.h"
#include "control_client.h"
#include "store_commands.h"

namespace hermod::ctl {
namespace {

using Verb = QueueOptions::Verb;

constexpr std::uint64_t kPage = 1000;  // of a list

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

std::string value_json(const Json& value) {
  return value.is_string() ? text(value.get<std::string>()) : value.dump(-1, ' ', true);
}

/// The fields of an object, and in their place those of one that is inside under "options".
Fields fields_of(const Json& object) {
  Fields fields;
  for (const auto& [name, value] : object.items()) {
    if (name == "options" && value.is_object()) {
      for (Field& field : fields_of(value)) fields.push_back(std::move(field));
    } else {
      fields.push_back({name, value_json(value)});
    }
  }
  return fields;
}

/// A member that has to be a list; empty when it is none.
Json list_in(const Json& data, const char* name) {
  if (!data.is_object()) return Json::array();
  const auto found = data.find(name);
  return found == data.end() || !found->is_array() ? Json::array() : *found;
}

std::string cell(const Json& object, const char* name) {
  if (!object.is_object()) return "-";
  const auto found = object.find(name);
  return found == object.end() ? "-" : plain_value(value_json(*found));
}

void print_table(const Json& queues) {
  constexpr std::array<const char*, 8> kColumns{"queue",   "messages",  "ready", "out",
                                                "waiting", "consumers", "bytes", "paused"};
  std::array<std::size_t, kColumns.size()> widths{};
  std::vector<std::array<std::string, kColumns.size()>> rows(1);
  for (std::size_t i = 0; i < kColumns.size(); ++i) rows[0][i] = kColumns[i];
  for (const Json& queue : queues) {
    rows.emplace_back();
    for (std::size_t i = 0; i < kColumns.size(); ++i) rows.back()[i] = cell(queue, kColumns[i]);
  }
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  for (const auto& row : rows) {
    std::string out;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string gap(widths[i] - row[i].size(), ' ');
      // Names to the left, numbers to the right.
      out += (i == 0 ? row[i] + gap : gap + row[i]) + (i + 1 < row.size() ? "  " : "\n");
    }
    std::cout << out;
  }
}

void print_lines(const Json& list, Format format) {
  for (const Json& one : list)
    std::cout << (format == Format::Json ? one.dump() + "\n" : plain_line(fields_of(one)));
}

void print_data(const CommandLine& line, const Json& data) {
  if (data.is_null()) return;
  if (line.queue.verb == Verb::Peek) return print_lines(list_in(data, "messages"), line.format);
  if (line.format == Format::Json) {
    std::cout << data.dump() << "\n";
  } else {
    std::cout << plain_list(fields_of(data));
  }
}

std::string name_in(const Json& queue) {
  if (!queue.is_object()) return "";
  const auto found = queue.find("queue");
  return found == queue.end() || !found->is_string() ? "" : found->get<std::string>();
}

bool has_more(const Json& data) {
  if (!data.is_object()) return false;
  const auto found = data.find("more");
  return found != data.end() && *found == true;
}

/// All queues, page by page.
Status list_queues(const CommandLine& line, ControlClient& broker) {
  Json all = Json::array();
  std::string after;
  for (;;) {
    Json command;
    command["command"] = word_of(Verb::List);
    command["count"] = kPage;
    if (!after.empty()) command["after"] = after;
    const auto data = broker.ask(std::move(command));
    if (!data) return tl::unexpected(data.error());
    const Json page = list_in(*data, "queues");
    for (const Json& queue : page) all.push_back(queue);
    if (!has_more(*data)) break;
    const std::string last = page.empty() ? "" : name_in(page.back());
    // A list that does not go on would be asked for without end.
    if (last <= after) return failure(Errc::Io, "the broker's list of queues does not go on");
    after = last;
  }
  if (line.format == Format::Json) {
    print_lines(all, line.format);
  } else {
    print_table(all);
  }
  return {};
}

int exit_code_of(const Error& error) {
  report_failure(error);
  return error.code == Errc::NotFound ? kNoSuchQueue : kFailed;
}

}  // namespace

int run_queue(const CommandLine& line) {
  const auto command = command_json(line.queue);
  if (!command) {
    report_failure(command.error());
    return kWrong;
  }
  const client::StopSignal stop;
  ControlClient broker(line.queue.session, line.queue.patience_seconds, stop.descriptor());
  if (const Status opened = broker.open(); !opened) return exit_code_of(opened.error());
  if (line.queue.verb == Verb::List) {
    const Status listed = list_queues(line, broker);
    broker.close();
    return listed ? kGood : exit_code_of(listed.error());
  }
  const auto data = broker.ask(*command);
  broker.close();
  if (!data) return exit_code_of(data.error());
  print_data(line, *data);
  return kGood;
}

}  // namespace hermod::ctl
