#include "client/requester.h"

#include <cstdio>

#include "client/message_choice.h"
#include "client/message_source.h"
#include "client/now.h"
#include "client/packet_text.h"

namespace hermod::client {

Outcome<void> Requester::publish_request(const std::string& payload) {
  wire::PropertyWriter properties = options_.session.properties.publish;
  if (options_.session.version == wire::Version::Mqtt5 && !properties.properties().response_topic())
    properties.add(wire::PropertyId::ResponseTopic, std::string_view(options_.response_topic));
  const MessageOptions& message = options_.message;
  const auto id =
      client_.publish(message.topic, as_bytes(payload), message.qos, message.retain, properties.properties());
  if (!id) return tl::unexpected(id.error());
  return {};
}

Outcome<int> Requester::run() {
  const auto payload = read_payload(options_.message);
  if (!payload) return tl::unexpected(payload.error());
  if (const auto connected = client_.connect(); !connected) return tl::unexpected(connected.error());
  client_.subscribe({options_.response_topic}, {.qos = options_.message.qos});
  std::optional<MonotonicTime> deadline;
  if (options_.timeout_seconds > 0)
    deadline = now() + std::chrono::duration_cast<std::chrono::nanoseconds>(
                           std::chrono::duration<double>(options_.timeout_seconds));
  for (;;) {
    const auto event = client_.next(deadline);
    if (!event) return tl::unexpected(event.error());
    int exit_code = 0;
    if (const auto* answer = std::get_if<RequestAnswered>(&*event)) {
      const wire::ReasonCode reason = answer->reasons.front();
      if (is_failure(reason))
        return fail_with(
            static_cast<int>(reason),
            "-e: the subscription to the response topic was refused: " + reason_text(reason, {}));
      if (const auto published = publish_request(*payload); !published)
        return tl::unexpected(published.error());
      continue;
    }
    if (const auto* settled = std::get_if<MessageSettled>(&*event)) {
      if (is_failure(settled->reason))
        return fail_with(static_cast<int>(settled->reason),
                         "the broker refused the request: " + settled->text);
      if (settled->reason == wire::ReasonCode::NoMatchingSubscribers && !options_.session.quiet)
        std::fputs("hermod rr: nobody is subscribed to the request topic\n", stderr);
      continue;
    }
    if (const auto* message = std::get_if<MessageArrived>(&*event)) {
      if (!is_response(options_, message->publish)) continue;
      const auto time =
          std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
      if (const auto printed = printer_.print(message->publish, time); !printed)
        return tl::unexpected(printed.error());
    } else if (std::holds_alternative<TimeIsUp>(*event)) {
      exit_code = static_cast<int>(ExitCode::Timeout);
      if (!options_.session.quiet) std::fputs("Timed out\n", stderr);
    }
    if (const auto left = client_.disconnect(); !left) return tl::unexpected(left.error());
    return exit_code;
  }
}

}  // namespace hermod::client
