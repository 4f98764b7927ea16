#include "stream_commands.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <vector>

#include "broker_session.h"
#include "control_client.h"
#include "json_output.h"

namespace hermod::ctl {
namespace {

using StreamVerb = StreamOptions::Verb;

constexpr std::uint64_t kMostFoundAtOnce = 100;
constexpr std::uint64_t kFoundUnlessSaid = 10;

Json command_of(const char* word, const StreamOptions& options) {
  Json command;
  command["command"] = word;
  command["queue"] = options.stream;
  if (!options.group.empty()) command["group"] = options.group;
  return command;
}

/// Only streams have offsets that are told.
Result<Json> all_streams(ControlClient& broker) {
  const auto all = all_queues(broker);
  if (!all) return tl::unexpected(all.error());
  Json streams = Json::array();
  for (const Json& one : *all)
    if (one.is_object() && one.contains("next_offset")) streams.push_back(one);
  return streams;
}

void print_streams(const Json& list, Format format, std::span<const char* const> columns) {
  if (format == Format::Json) return print_lines(list, format);
  print_table(list, columns);
}

Status list_streams(const CommandLine& line, ControlClient& broker) {
  constexpr std::array<const char*, 6> kColumns{"queue",        "messages",    "bytes",
                                                "first_offset", "next_offset", "consumers"};
  const auto streams = all_streams(broker);
  if (!streams) return tl::unexpected(streams.error());
  print_streams(*streams, line.format, kColumns);
  return {};
}

/// Of one stream, or of all.
Status list_groups(const CommandLine& line, ControlClient& broker) {
  constexpr std::array<const char*, 9> kColumns{"group", "queue", "members", "position",   "next_offset",
                                                "lag",   "out",   "waiting", "passed_over"};
  constexpr std::array<const char*, 4> kColumnsOfLag{"group", "queue", "lag", "lag_ms"};
  Json groups = Json::array();
  std::vector<std::string> streams{line.stream.stream};
  if (line.stream.stream.empty()) {
    const auto all = all_streams(broker);
    if (!all) return tl::unexpected(all.error());
    streams.clear();
    for (const Json& one : *all) streams.push_back(text_in(one, "queue"));
  }
  for (const std::string& stream : streams) {
    Json command;
    command["command"] = "listGroups";
    command["queue"] = stream;
    const auto data = broker.ask(std::move(command));
    // One of several may have been deleted meanwhile.
    if (!data && data.error().code == Errc::NotFound && line.stream.stream.empty()) continue;
    if (!data) return tl::unexpected(data.error());
    for (const Json& group : list_in(*data, "groups")) groups.push_back(group);
  }
  line.stream.verb == StreamVerb::Lag ? print_streams(groups, line.format, kColumnsOfLag)
                                      : print_streams(groups, line.format, kColumns);
  return {};
}

Json find_command(const StreamOptions& options) {
  Json command = command_of("find", options);
  if (options.key) command["key"] = *options.key;
  if (options.message_id) command["msg_id"] = *options.message_id;
  if (options.first_offset) command["from"] = *options.first_offset;
  if (options.last_offset) command["to"] = *options.last_offset;
  if (!options.since.empty()) command["since"] = options.since;
  if (!options.until.empty()) command["until"] = options.until;
  if (options.bytes) command["payload_bytes"] = *options.bytes;
  return command;
}

/// The broker looks at a part of the stream at once, and says where it goes on.
Status find_messages(const CommandLine& line, ControlClient& broker) {
  Json command = find_command(line.stream);
  // So that count times payload_bytes is what the broker allows.
  const std::uint64_t most =
      std::min(kMostFoundAtOnce,
               (std::uint64_t{1} << 20) / std::max<std::uint64_t>(line.stream.bytes.value_or(256), 1));
  std::uint64_t left = line.stream.count.value_or(kFoundUnlessSaid);
  while (left > 0) {
    command["count"] = std::min(left, most);
    const auto data = broker.ask(command);
    if (!data) return tl::unexpected(data.error());
    const Json messages = list_in(*data, "messages");
    print_lines(messages, line.format);
    left -= std::min<std::uint64_t>(left, messages.size());
    if (!has_more(*data)) return {};
    const std::uint64_t next = number_in(*data, "next");
    const std::uint64_t from = command.contains("from") ? number_in(command, "from") : 0;
    // A search that does not go on would be asked for without end.
    if (next <= from) return failure(Errc::Io, "the broker's search does not go on");
    command["from"] = next;
  }
  return {};
}

Status ask_about(const CommandLine& line, ControlClient& broker, Json command) {
  const auto data = broker.ask(std::move(command));
  if (!data) return tl::unexpected(data.error());
  print_object(*data, line.format);
  return {};
}

Status run_verb(const CommandLine& line, ControlClient& broker) {
  switch (line.stream.verb) {
    case StreamVerb::List:
      return list_streams(line, broker);
    case StreamVerb::Show:
      return ask_about(line, broker, command_of("describe", line.stream));
    case StreamVerb::Find:
      return find_messages(line, broker);
    case StreamVerb::ListGroups:
    case StreamVerb::Lag:
      return list_groups(line, broker);
    case StreamVerb::Seek: {
      Json command = command_of("seekGroup", line.stream);
      command["to"] = line.stream.to;
      return ask_about(line, broker, std::move(command));
    }
    case StreamVerb::DeleteGroup:
      return ask_about(line, broker, command_of("deleteGroup", line.stream));
  }
  return {};
}

}  // namespace

int run_stream(const CommandLine& line) {
  return ask_broker(line.stream.session, line.stream.patience_seconds,
                    [&](ControlClient& broker) { return run_verb(line, broker); });
}

}  // namespace hermod::ctl
