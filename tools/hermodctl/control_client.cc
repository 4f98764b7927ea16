#include "control_client.h"

#include <unistd.h>

#include <chrono>
#include <optional>

#include "client/now.h"
#include "client/packet_text.h"
#include "output.h"
#include "queue/control_parser.h"

namespace hermod::ctl {
namespace {

constexpr std::chrono::seconds kSubackPatience{30};

Error io_error(const client::Failure& failure) {
  return {Errc::Io, failure.text};
}

/// A text of the broker's for a terminal.
std::string shown(const Json& value) {
  const std::string quoted = text(value.is_string() ? value.get<std::string>() : value.dump());
  return quoted.substr(1, quoted.size() - 2);
}

/// The answer with this correlation in a message; nothing when there is none.
std::optional<Json> answer_in(std::string_view payload, const std::string& correlation) {
  Json message = Json::parse(payload, nullptr, false);
  if (!message.is_object()) return std::nullopt;
  const auto responses = message.find("responses");
  if (responses == message.end() || !responses->is_array()) return std::nullopt;
  for (Json& one : *responses) {
    if (!one.is_object()) continue;
    const auto found = one.find("correlationData");
    if (found != one.end() && *found == correlation)
      return std::optional<Json>(std::in_place, std::move(one));
  }
  return std::nullopt;
}

Result<Json> data_of(const Json& answer) {
  if (const auto error = answer.find("error"); error != answer.end()) {
    const auto code = answer.find("code");
    const bool is_missing = code != answer.end() && *code == "not-found";
    return failure(is_missing ? Errc::NotFound : Errc::Invalid, shown(*error));
  }
  const auto data = answer.find("data");
  return data == answer.end() ? Json() : *data;
}

}  // namespace

Status ControlClient::open() {
  if (const auto connected = client_.connect(); !connected)
    return tl::unexpected(io_error(connected.error()));
  client_.subscribe({std::string(queue::kControlResponseTopic)}, {.qos = wire::QoS::AtLeastOnce});
  const MonotonicTime end = client::now() + kSubackPatience;
  for (;;) {
    const auto event = client_.next(end);
    if (!event) return tl::unexpected(io_error(event.error()));
    if (std::holds_alternative<client::TimeIsUp>(*event))
      return failure(Errc::Timeout, "the broker does not answer SUBSCRIBE");
    if (std::holds_alternative<client::Stopped>(*event)) return failure(Errc::Io, "interrupted");
    const auto* answered = std::get_if<client::RequestAnswered>(&*event);
    if (answered == nullptr) continue;
    const wire::ReasonCode reason = answered->reasons.front();
    if (!is_failure(reason)) return {};
    return failure(Errc::Io, "the broker refuses a subscription to " +
                                 std::string(queue::kControlResponseTopic) + ": " +
                                 client::reason_text(reason, {}));
  }
}

Result<Json> ControlClient::ask(Json command) {
  const std::string correlation = std::to_string(getpid()) + "-" + std::to_string(++asked_);
  command["correlationData"] = correlation;
  Json request;
  request["commands"] = Json::array({std::move(command)});
  const std::string payload = request.dump(-1, ' ', false, Json::error_handler_t::replace);
  const auto published = client_.publish(queue::kControlTopic, as_bytes(payload), wire::QoS::AtLeastOnce,
                                         false, wire::Properties());
  if (!published) return tl::unexpected(io_error(published.error()));
  return wait_for(correlation);
}

Result<Json> ControlClient::wait_for(const std::string& correlation) {
  const MonotonicTime end = client::now() + std::chrono::duration_cast<std::chrono::nanoseconds>(
                                                std::chrono::duration<double>(patience_seconds_));
  for (;;) {
    const auto event = client_.next(end);
    if (!event) return tl::unexpected(io_error(event.error()));
    if (std::holds_alternative<client::Stopped>(*event)) return failure(Errc::Io, "interrupted");
    if (std::holds_alternative<client::TimeIsUp>(*event))
      return failure(Errc::Timeout, "the broker does not answer the command");
    if (const auto* settled = std::get_if<client::MessageSettled>(&*event)) {
      if (is_failure(settled->reason))
        return failure(Errc::Io, "the broker refused the command: " + settled->text);
      if (settled->reason == wire::ReasonCode::NoMatchingSubscribers)
        return failure(Errc::Io, "nobody takes commands to " + std::string(queue::kControlTopic) +
                                     ": this broker has no named queues");
    }
    if (const auto* arrived = std::get_if<client::MessageArrived>(&*event)) {
      const auto answer = answer_in(as_text(arrived->publish.payload), correlation);
      if (answer) return data_of(*answer);
    }
  }
}

void ControlClient::close() {
  // Whatever becomes of the goodbye: what was asked for has been answered.
  [[maybe_unused]] const auto left = client_.disconnect();
}

}  // namespace hermod::ctl
