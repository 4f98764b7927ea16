#include "tests/integration/websocket/websocket_test.h"

namespace hermod::integration {

TEST_F(WebSocket, AWebPageGetsTextThatSaysWhatThisPortIs) {
  start_websocket();
  for (const char* path : {"/", "/mqtt", "/favicon.ico"}) {
    const std::string answer = answer_to("GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 426 Upgrade Required\r\n")) << path;
    EXPECT_THAT(answer, HasSubstr("\r\nUpgrade: websocket\r\n"));
    EXPECT_THAT(answer, HasSubstr("\r\nContent-Type: text/plain; charset=utf-8\r\n"));
    EXPECT_THAT(answer, HasSubstr("this is the port of an MQTT broker"));
  }
  EXPECT_THAT(answer_to("POST /mqtt HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"),
              StartsWith("HTTP/1.1 405 "));
}

TEST_F(WebSocket, BothSubprotocolsAreSpokenAndTheFirstThatIsOursIsChosen) {
  start_websocket();
  RawClient raw = raw_to_web();
  raw.send(WebSocketRequest{.subprotocol = "chat, mqttv3.1, mqtt"}.text());
  raw.send_unframed(close_frame(1000));
  const std::string answer = raw.read_until_closed();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 101 "));
  EXPECT_THAT(answer, HasSubstr("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nSec-WebSocket-Protocol: mqttv3.1\r\n"));
  EXPECT_THAT(answer, testing::Not(HasSubstr("Extensions")));
}

TEST_F(WebSocket, T59_SubprotocolPathAndVersionAreRefusedWithText) {
  start_websocket();
  for (const char* wrong : {"", "chat", "MQTT", "mqtt5"}) {
    EXPECT_THAT(answer_to(WebSocketRequest{.subprotocol = wrong}),
                testing::AllOf(StartsWith("HTTP/1.1 400 "), HasSubstr("the subprotocol must be mqtt")))
        << wrong;
  }
  for (const char* path : {"/", "/mqtt/", "/MQTT", "/mqtt2", "//mqtt", "/%6dqtt"})
    EXPECT_THAT(answer_to(WebSocketRequest{.path = path}), StartsWith("HTTP/1.1 404 ")) << path;
  EXPECT_THAT(answer_to(WebSocketRequest{.version = "8"}),
              testing::AllOf(StartsWith("HTTP/1.1 426 "), HasSubstr("\r\nSec-WebSocket-Version: 13\r\n")));
  EXPECT_THAT(answer_to(WebSocketRequest{.version = ""}), StartsWith("HTTP/1.1 426 "));
  RawClient with_query = upgraded({.path = "/mqtt?token=x"});
  expect_logged("websocket.refused address=127.0.0.1 status=404");
}

TEST_F(WebSocket, TheSubprotocolMayBeOptional) {
  start_websocket({{"subprotocol", "optional"}});
  MqttClient without(upgraded({.subprotocol = ""}), {.client_id = "without"});
  without.disconnect();
  EXPECT_THAT(answer_to(WebSocketRequest{.subprotocol = "chat"}), StartsWith("HTTP/1.1 400 "));
}

TEST_F(WebSocket, T59_OnlyListedOriginsMayConnect) {
  request_.more = "Origin: https://app.example.org\r\n";
  start_websocket({{"origins", "https://*.example.org, http://localhost:8080"}});
  upgraded(request_);
  upgraded({.more = "Origin: http://localhost:8080\r\n"});
  for (const char* wrong : {"https://example.org", "http://app.example.org",
                            "https://app.example.org.evil.net", "https://localhost:8080", "null", ""})
    EXPECT_THAT(
        answer_to(WebSocketRequest{.more = "Origin: " + std::string(wrong) + "\r\n"}),
        testing::AllOf(StartsWith("HTTP/1.1 403 "), HasSubstr("pages of this origin may not connect")))
        << wrong;
  EXPECT_THAT(answer_to(WebSocketRequest{}), StartsWith("HTTP/1.1 403 "));
}

TEST_F(WebSocket, T60_AnUpgradeWhereNoWebSocketIsIsRefusedAndTheBrokerLives) {
  path_ = "/only/here";
  request_.path = path_;
  start_websocket();
  EXPECT_THAT(answer_to(WebSocketRequest{}), StartsWith("HTTP/1.1 404 "));
  // On the port for plain MQTT it is a malformed packet.
  RawClient plain(port());
  plain.try_send(WebSocketRequest{}.text());
  EXPECT_TRUE(plain.drain_until_closed());
}

TEST_F(WebSocket, TheAddressOfAClientComesFromItsProxyOnlyWhenThatIsOurs) {
  start_websocket({{"proxies", "127.0.0.0/8, 10.0.0.0/8"}});
  MqttClient behind(upgraded({.more = "X-Forwarded-For: 203.0.113.9, 198.51.100.7, 10.1.2.3\r\n"}),
                    {.client_id = "behind"});
  expect_logged("client.connected client=behind address=198.51.100.7");
  MqttClient direct = over_websocket("direct");
  expect_logged("client.connected client=direct address=127.0.0.1");
}

TEST_F(WebSocket, AStrangersForwardedAddressIsNotBelieved) {
  start_websocket({{"proxies", "10.0.0.0/8"}});
  MqttClient liar(upgraded({.more = "X-Forwarded-For: 198.51.100.7\r\n"}), {.client_id = "liar"});
  expect_logged("client.connected client=liar address=127.0.0.1");
}

}  // namespace hermod::integration
