#include "client/subscriber.h"

#include <cstdio>

#include "base/log.h"
#include "client/message_choice.h"
#include "client/now.h"

namespace hermod::client {

Outcome<int> Subscriber::run() {
  if (const auto connected = client_.connect(); !connected) return tl::unexpected(connected.error());
  if (!options_.filters.empty())
    subscribe_id_ = client_.subscribe(
        options_.filters, {.qos = options_.qos, .retain_as_published = options_.retain_as_published});
  if (!options_.unsubscribe.empty()) client_.unsubscribe(options_.unsubscribe);

  std::optional<MonotonicTime> deadline;
  if (options_.timeout_seconds > 0)
    deadline = now() + std::chrono::duration_cast<std::chrono::nanoseconds>(
                           std::chrono::duration<double>(options_.timeout_seconds));
  After after = After::Stay;
  while (after == After::Stay) {
    auto event = client_.next(deadline);
    if (!event) return tl::unexpected(event.error());
    const auto done = on_event(*event);
    if (!done) return tl::unexpected(done.error());
    after = *done;
    if (after == After::Stay && deadline && now() >= *deadline) after = *on_event(TimeIsUp{});
  }
  if (const auto left = client_.disconnect(); !left) return tl::unexpected(left.error());
  return exit_code_;
}

Outcome<Subscriber::After> Subscriber::on_event(const Event& event) {
  if (const auto* message = std::get_if<MessageArrived>(&event)) return on_message(message->publish);
  if (const auto* answer = std::get_if<RequestAnswered>(&event)) return on_answer(*answer);
  if (std::holds_alternative<Stopped>(event)) return After::Leave;
  if (!std::holds_alternative<TimeIsUp>(event)) return After::Stay;
  exit_code_ = static_cast<int>(ExitCode::Timeout);
  if (!options_.session.quiet) std::fputs("Timed out\n", stderr);
  return After::Leave;
}

Subscriber::After Subscriber::on_answer(const RequestAnswered& answer) {
  if (answer.id != subscribe_id_)
    return options_.filters.empty() && options_.leave_when_subscribed ? After::Leave : After::Stay;
  std::size_t refused = 0;
  for (std::size_t i = 0; i < answer.reasons.size() && i < options_.filters.size(); ++i) {
    if (!is_failure(answer.reasons[i])) continue;
    ++refused;
    if (!options_.session.quiet)
      std::fprintf(stderr, "hermod sub: the subscription to %s was refused: %s\n",
                   log::escaped(options_.filters[i]).c_str(), reason_text(answer.reasons[i], {}).c_str());
  }
  if (refused == options_.filters.size()) {
    exit_code_ = static_cast<int>(answer.reasons.front());
    return After::Leave;
  }
  return options_.leave_when_subscribed ? After::Leave : After::Stay;
}

Outcome<Subscriber::After> Subscriber::on_message(const wire::Publish& message) {
  const MessageChoice choice =
      choice_for(options_, message, std::uniform_real_distribution<>(0, 100)(random_));
  if (choice.leaves) return After::Leave;
  if (choice.clears) {
    const auto cleared = client_.publish(message.topic, {}, wire::QoS::AtMostOnce, true, {});
    if (!cleared) return tl::unexpected(cleared.error());
  }
  if (!choice.shows) return After::Stay;
  const auto time = std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
  if (const auto printed = printer_.print(message, time); !printed) return tl::unexpected(printed.error());
  return ++shown_ == options_.count ? After::Leave : After::Stay;
}

}  // namespace hermod::client
