#include "client/publisher.h"

#include <unistd.h>

#include <cstdio>

#include "client/message_source.h"
#include "client/now.h"

namespace hermod::client {

Outcome<int> Publisher::run() {
  const bool has_lines = options_.message.source == Source::StdinLines;
  // First: a connection that waits for its payload keeps nothing alive, and one dropped for want of it leaves
  // its will behind.
  const auto payload = has_lines ? std::string() : read_payload(options_.message);
  if (!payload) return tl::unexpected(payload.error());
  if (const auto connected = client_.connect(); !connected) return tl::unexpected(connected.error());
  const auto published = has_lines ? publish_lines() : publish_repeatedly(*payload);
  if (!published) return tl::unexpected(published.error());
  while (!all_settled() && !is_stopped_) {
    const auto event = wait(std::nullopt, -1);
    if (!event) return tl::unexpected(event.error());
  }
  const auto left = is_stopped_ ? client_.disconnect(std::chrono::seconds(0)) : client_.disconnect();
  if (!left) return tl::unexpected(left.error());
  return exit_code_;
}

Outcome<Event> Publisher::wait(std::optional<MonotonicTime> deadline, int input) {
  auto event = client_.next(deadline, input);
  if (!event) return event;
  if (std::holds_alternative<Stopped>(*event)) is_stopped_ = true;
  if (const auto* settled = std::get_if<MessageSettled>(&*event)) {
    ++settled_;
    if (is_failure(settled->reason)) {
      exit_code_ = static_cast<int>(settled->reason);
      if (!options_.session.quiet)
        std::fprintf(stderr, "hermod pub: the broker refused message %u: %s\n",
                     static_cast<unsigned>(settled->id.v), settled->text.c_str());
    }
  }
  return event;
}

Outcome<void> Publisher::publish(const std::string& payload) {
  const MessageOptions& message = options_.message;
  while (message.qos != wire::QoS::AtMostOnce && !client_.can_publish(options_.max_in_flight) &&
         !is_stopped_) {
    if (const auto event = wait(std::nullopt, -1); !event) return tl::unexpected(event.error());
  }
  if (is_stopped_) return {};
  const auto id = client_.publish(message.topic, as_bytes(payload), message.qos, message.retain,
                                  options_.session.properties.publish.properties());
  if (!id) return tl::unexpected(id.error());
  if (message.qos != wire::QoS::AtMostOnce) ++to_settle_;
  return {};
}

Outcome<void> Publisher::publish_repeatedly(const std::string& payload) {
  for (std::uint32_t round = 0; round < options_.repeat && !is_stopped_; ++round) {
    if (round > 0) {
      // The next one leaves when the one before has been delivered and the pause is over.
      while (!all_settled() && !is_stopped_)
        if (const auto event = wait(std::nullopt, -1); !event) return tl::unexpected(event.error());
      const MonotonicTime due = now() + std::chrono::duration_cast<std::chrono::nanoseconds>(
                                            std::chrono::duration<double>(options_.repeat_delay));
      for (bool is_over = false; !is_over && !is_stopped_;) {
        const auto event = wait(due, -1);
        if (!event) return tl::unexpected(event.error());
        is_over = std::holds_alternative<TimeIsUp>(*event);
      }
    }
    if (auto published = publish(payload); !published) return published;
  }
  return {};
}

Outcome<void> Publisher::publish_lines() {
  LineReader lines(STDIN_FILENO);
  std::string line;
  while (!is_stopped_) {
    while (!is_stopped_ && lines.next(line))
      if (auto published = publish(line); !published) return published;
    if (lines.at_end()) return {};
    const auto event = wait(std::nullopt, STDIN_FILENO);
    if (!event) return tl::unexpected(event.error());
    if (!std::holds_alternative<InputReady>(*event)) continue;
    if (auto read = lines.read_more(); !read) return read;
  }
  return {};
}

}  // namespace hermod::client
