#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "tests/unit/broker/queue_fixture.h"

namespace hermod::broker::testing {

/// Somebody who sends commands to named queues.
class ControlTest : public QueuePathTest {
 protected:
  static constexpr std::string_view kCommands = "$CONTROL/queue/v1";
  static constexpr std::string_view kAnswers = "$CONTROL/queue/v1/response";

  /// Connected, and subscribed to answers.
  FakeClient operator_client(std::string_view client_id = "operator", Version version = kV5,
                             std::size_t shard = 0) {
    FakeClient client = login({.client_id = std::string(client_id), .version = version, .shard = shard});
    subscribe(client, kAnswers, kQoS1);
    return client;
  }
  void send_commands(FakeClient& from, const std::string& commands, QoS qos = kQoS1) {
    publish(from, {std::string(kCommands), R"({"commands":[)" + commands + "]}", qos,
                   qos == kQoS0 ? std::uint16_t{0} : ++last_id_});
  }
  /// The responses that came, one after the other.
  static nlohmann::json responses(FakeClient& client) {
    nlohmann::json all = nlohmann::json::array();
    for (const test::Arrived& one : messages(client)) {
      const nlohmann::json answer = nlohmann::json::parse(one.payload);
      for (const auto& response : answer.at("responses")) all.push_back(response);
    }
    return all;
  }
  /// One command, carried out and answered.
  nlohmann::json ask(FakeClient& client, const std::string& command) {
    send_commands(client, command);
    settle();
    const nlohmann::json all = responses(client);
    return all.size() == 1 ? all[0] : all;
  }
  /// More messages "1" to "n" than a publisher may have unacknowledged; a queue stores them at any QoS.
  void send_many(const std::string& topic, int count) {
    FakeClient publisher = login("source");
    for (int i = 1; i <= count; ++i) publish(publisher, {topic, std::to_string(i), kQoS0});
    settle();
  }
  nlohmann::json describe(FakeClient& client, const std::string& queue) {
    const nlohmann::json answer = ask(client, R"({"command":"describe","queue":")" + queue + R"("})");
    return answer.value("data", answer);
  }

 private:
  std::uint16_t last_id_ = 1000;
};

}  // namespace hermod::broker::testing
