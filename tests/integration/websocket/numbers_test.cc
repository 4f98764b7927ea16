#include <map>

#include "tests/integration/websocket/websocket_test.h"
#include "tests/support/settings.h"

namespace hermod::integration {

/// A request that is refused, and one without the header that the proxy has to send.
TEST_F(WebSocket, WhatIsRefusedIsCountedBelowSys) {
  in_front_ = "PROXY TCP4 192.0.2.9 198.51.100.1 50000 8083\r\n";
  start_websocket({{"proxies", "127.0.0.1"}, {"proxy_protocol", "required"}},
                  {{setting::kAllowAnonymous, "true"}, {setting::kSysInterval, "1s"}});
  over_websocket("upgraded").ping();
  EXPECT_THAT(answer_to(in_front_ + WebSocketRequest{.path = "/elsewhere"}.text()),
              StartsWith("HTTP/1.1 404 "));
  EXPECT_EQ(answer_to(WebSocketRequest{}), "");
  using Values = std::map<std::string, std::string>;
  const Values expected{{"connections/refused", "2"},  {"websocket/upgrades", "1"},
                        {"websocket/refused", "1"},    {"proxy/headers", "2"},
                        {"proxy/failed/missing", "1"}, {"proxy/failed/timeout", "0"}};
  MqttClient reader = client("reader");
  for (const auto& [topic, value] : expected) reader.subscribe("$SYS/broker/" + topic, 0);
  Values seen;
  const auto deadline = Clock::now() + kPatience;
  while (seen != expected && Clock::now() < deadline)
    if (const auto message = reader.try_receive(100ms)) seen[message->topic.substr(12)] = message->payload;
  EXPECT_EQ(seen, expected);
}

}  // namespace hermod::integration
