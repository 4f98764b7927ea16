#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <string>
#include <thread>

#include "tests/support/broker_test.h"
#include "tests/support/tls_files.h"
#include "tests/support/websocket_frames.h"

namespace hermod::integration {

using ::testing::HasSubstr;
using ::testing::StartsWith;

/// A broker with a listener `web` for WebSocket beside the plain one. The broker must still serve both at the
/// end.
class WebSocket : public BrokerTest {
 protected:
  void SetUp() override { HERMOD_NEEDS_OWN_BROKER(); }
  void TearDown() override {
    if (!IsSkipped()) {
      expect_service();
      MqttClient still = over_websocket("still-served");
      still.disconnect();
    }
    BrokerTest::TearDown();
  }

  /// More settings of the listener, by their last word, and of the broker.
  void start_websocket(const Settings& listener = {}, const Settings& others = {}, int threads = 1) {
    BrokerSetup setup{
        .settings = {{"listeners.web.url", "ws://127.0.0.1:" + std::to_string(web_port_.number()) + path_}},
        .threads = threads};
    for (const auto& [key, value] : listener) setup.settings.emplace_back("listeners.web." + key, value);
    for (const auto& setting : others) setup.settings.push_back(setting);
    start_broker(std::move(setup));
  }

  /// Connected, and nothing asked for.
  RawClient raw_to_web() { return RawClient(web_port_.number()); }
  RawClient upgraded(const WebSocketRequest& request = {}) {
    RawClient raw = raw_to_web();
    if (!in_front_.empty()) raw.send(in_front_);
    raw.upgrade(request);
    return raw;
  }
  MqttClient over_websocket(const std::string& id, Where where = Where::current()) {
    return {upgraded(request_), {.client_id = id}, where};
  }

  /// What the broker answers to these bytes, up to its close.
  std::string answer_to(const std::string& bytes) {
    RawClient raw = raw_to_web();
    raw.try_send(bytes);
    return raw.read_until_closed();
  }
  std::string answer_to(const WebSocketRequest& request) { return answer_to(request.text()); }

  void expect_logged(const std::string& words, Where where = Where::current()) {
    const auto deadline = Clock::now() + kPatience;
    while (broker().log().find(words) == std::string::npos && Clock::now() < deadline)
      std::this_thread::sleep_for(Millis(5));
    if (broker().log().find(words) == std::string::npos) fail(where, "not in the log: " + words);
  }

  /// The code of the Close frame that ends an open WebSocket after these bytes.
  std::uint16_t code_after(const std::string& bytes) {
    RawClient raw = upgraded();
    raw.send_unframed(bytes);
    EXPECT_TRUE(raw.drain_until_closed());
    return raw.close_code();
  }

  std::string path_ = "/mqtt";
  std::string in_front_{};  ///< of every request
  WebSocketRequest request_{};
  LeasedPort web_port_;
};

}  // namespace hermod::integration
