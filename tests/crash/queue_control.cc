#include "tests/crash/queue_control.h"

namespace hermod::crash {

using namespace support;

namespace {

constexpr const char* kTopic = "$CONTROL/queue/v1";

std::string request_of(const std::string& command) {
  return R"({"commands":[)" + command + "]}";
}

/// What is behind `"name":` at or behind `at`, which moves behind it; a text without its quotes. Values here
/// have no quotes inside.
bool take(const std::string& json, const std::string& name, std::size_t& at, std::string& value) {
  const std::string label = "\"" + name + "\":";
  const std::size_t found = json.find(label, at);
  if (found == std::string::npos) return false;
  std::size_t begin = found + label.size();
  const bool is_text = json.at(begin) == '"';
  if (is_text) ++begin;
  at = json.find_first_of(is_text ? "\"" : ",}", begin);
  value = json.substr(begin, at - begin);
  return at != std::string::npos;
}

}  // namespace

QueueControl::QueueControl(std::uint16_t port) : client_(port, {.client_id = "controller"}) {
  client_.subscribe(std::string(kTopic) + "/response", 1);
}

std::uint64_t QueueControl::messages_in(const std::string& queue) {
  const std::string answer = answer_to(R"({"command":"describe","queue":")" + queue + "\"}");
  std::size_t at = 0;
  std::string value;
  if (!take(answer, "messages", at, value)) throw Unexpected("describe was answered " + answer);
  return std::stoull(value);
}

std::vector<QueueLedger::Content> QueueControl::contents_of(const std::string& queue) {
  const std::string answer = answer_to(R"({"command":"peek","queue":")" + queue + R"(","count":100})");
  if (answer.find("\"error\"") != std::string::npos) throw Unexpected("peek was answered " + answer);
  std::vector<QueueLedger::Content> all;
  std::string topic;
  std::string payload;
  for (std::size_t at = 0; take(answer, "topic", at, topic) && take(answer, "payload", at, payload);)
    all.push_back({topic, std::stoull(payload)});
  return all;
}

void QueueControl::begin_redrive(const std::string& dead_letters) {
  const std::string command = R"({"command":"redrive","queue":")" + dead_letters + "\"}";
  client_.send_publish({.topic = kTopic, .payload = request_of(command), .qos = 1});
}

std::string QueueControl::answer_to(const std::string& command) {
  client_.publish(kTopic, request_of(command), 1);
  return client_.receive().payload;
}

}  // namespace hermod::crash
