#include "delayed_commands.h"

#include <algorithm>
#include <iostream>

#include "broker_session.h"
#include "control_client.h"
#include "json_output.h"

namespace hermod::ctl {
namespace {

constexpr std::uint64_t kDelayedPage = 500;

/// Page by page, up to as many as were asked for.
Status list_delayed(const CommandLine& line, ControlClient& broker) {
  std::uint64_t left = line.delayed.count.value_or(~std::uint64_t{0});
  for (std::uint64_t from = 0; left > 0;) {
    Json command;
    command["command"] = "listDelayed";
    command["from"] = from;
    command["count"] = std::min(left, kDelayedPage);
    if (!line.delayed.topic.empty()) command["topic"] = line.delayed.topic;
    const auto data = broker.ask(std::move(command));
    if (!data) return tl::unexpected(data.error());
    const bool is_list = data->is_object() && data->contains("messages") && (*data)["messages"].is_array();
    if (!is_list) return failure(Errc::Io, "the broker's answer has no list of messages");
    for (const Json& message : (*data)["messages"]) {
      print_lines(Json::array({message}), line.format);
      if (--left == 0) return {};
    }
    const std::uint64_t next = number_in(*data, "next");
    if (next == 0) return {};
    // A list that does not go on would be asked for without end.
    if (next <= from) return failure(Errc::Io, "the broker's list of delayed messages does not go on");
    from = next;
  }
  return {};
}

Status cancel_delayed(const CommandLine& line, ControlClient& broker) {
  Json command;
  command["command"] = "cancelDelayed";
  if (line.delayed.id) command["id"] = *line.delayed.id;
  if (!line.delayed.message_id.empty()) command["msg_id"] = line.delayed.message_id;
  if (!line.delayed.topic.empty()) command["topic"] = line.delayed.topic;
  const auto data = broker.ask(std::move(command));
  if (!data) return tl::unexpected(data.error());
  if (line.format == Format::Json) {
    std::cout << data->dump() << "\n";
  } else {
    std::cout << plain_list({{"messages", number(number_in(*data, "messages"))}});
  }
  return {};
}

}  // namespace

int run_delayed(const CommandLine& line) {
  return ask_broker(line.delayed.session, line.delayed.patience_seconds, [&](ControlClient& broker) {
    return line.delayed.verb == DelayedOptions::Verb::List ? list_delayed(line, broker)
                                                           : cancel_delayed(line, broker);
  });
}

}  // namespace hermod::ctl
