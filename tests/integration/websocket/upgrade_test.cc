#include "tests/integration/websocket/websocket_test.h"
#include "tests/support/settings.h"

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

TEST_F(WebSocket, TheAnswerProvesTheKeyAndNamesTheSubprotocolMqtt) {
  start_websocket();
  RawClient raw = raw_to_web();
  raw.send(WebSocketRequest{.subprotocol = "chat, mqttv3.1, mqtt"}.text());
  raw.send_unframed(close_frame(1000));
  const std::string answer = raw.read_until_closed();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 101 "));
  EXPECT_THAT(answer, HasSubstr("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nSec-WebSocket-Protocol: mqtt\r\n"));
  EXPECT_THAT(answer, testing::Not(HasSubstr("Extensions")));
}

TEST_F(WebSocket, T59_AClientOfMqtt31MayComeWithItsOwnSubprotocol) {
  start_websocket();
  RawClient raw = raw_to_web();
  raw.send(WebSocketRequest{.subprotocol = "mqttv3.1"}.text() + close_frame(1000));
  EXPECT_THAT(raw.read_until_closed(), HasSubstr("\r\nSec-WebSocket-Protocol: mqttv3.1\r\n"));
  MqttClient old(upgraded({.subprotocol = "mqttv3.1"}), {.client_id = "old", .version = Version::V31});
  old.subscribe("a/b", 2);
  old.publish("a/b", "of 3.1", 2);
  EXPECT_EQ(old.receive().payload, "of 3.1");
  expect_logged("client.connected client=old address=127.0.0.1 version=3.1 ");
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
    EXPECT_THAT(answer_to(WebSocketRequest{.more = "Origin: " + std::string(wrong) + "\r\n"}),
                StartsWith("HTTP/1.1 403 "))
        << wrong;
  EXPECT_THAT(answer_to(WebSocketRequest{}),
              testing::AllOf(StartsWith("HTTP/1.1 403 "), HasSubstr("listeners.web.origins")));
}

TEST_F(WebSocket, APageFromElsewhereDoesNotReachABrokerThatTrustsItsOwnMachine) {
  start_websocket();
  EXPECT_THAT(answer_to(WebSocketRequest{.more = "Origin: https://evil.example\r\n"}),
              testing::AllOf(StartsWith("HTTP/1.1 403 "),
                             HasSubstr("listeners.web.origins does not list https://evil.example")));
  expect_logged("pages from https://evil.example may not connect: listeners.web.origins");
  MqttClient page(upgraded({.more = "Origin: http://localhost:8000\r\n"}), {.client_id = "page"});
  page.ping();
}

TEST_F(WebSocket, WhatIsNoOriginIsToldByTheCheckOfTheConfiguration) {
  start_websocket();
  const Finished finished = run({support::broker_binary(), "-t", "--set", "listeners.web.url=ws://127.0.0.1",
                                 "--set", "listeners.web.origins=example.org"});
  EXPECT_NE(finished.exit_code, 0);
  EXPECT_THAT(finished.errors, HasSubstr("listener web: \"example.org\" is no origin"));
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
  start_websocket({{"proxies", "127.0.0.0/8, 10.0.0.0/8"}}, {{setting::kAllowAnonymous, "true"}});
  MqttClient behind(upgraded({.more = "X-Forwarded-For: 203.0.113.9, 198.51.100.7, 10.1.2.3\r\n"}),
                    {.client_id = "behind"});
  expect_logged(
      "client.connected client=behind address=198.51.100.7 version=5.0 session_present=0 proxy=127.0.0.1");
  MqttClient direct = over_websocket("direct");
  expect_logged("client.connected client=direct address=127.0.0.1");
}

TEST_F(WebSocket, AStrangersForwardedAddressIsNotBelieved) {
  start_websocket({{"proxies", "10.0.0.0/8"}}, {{setting::kAllowAnonymous, "true"}});
  MqttClient liar(upgraded({.more = "X-Forwarded-For: 198.51.100.7\r\n"}), {.client_id = "liar"});
  expect_logged("client.connected client=liar address=127.0.0.1");
}

TEST_F(WebSocket, AProxyMayNameItsClientsBothWays) {
  start_websocket({{"proxies", "127.0.0.1, 10.0.0.0/8"}, {"proxy_protocol", "from-proxies"}},
                  {{setting::kAllowAnonymous, "true"}});
  const auto behind = [&](const std::string& address, const std::string& id) {
    RawClient raw = raw_to_web();
    raw.send("PROXY TCP4 " + address + " 198.51.100.1 50000 8083\r\n");
    raw.upgrade({.more = "X-Forwarded-For: 203.0.113.9\r\n"});
    MqttClient(std::move(raw), {.client_id = id}).ping();
  };
  behind("192.0.2.7", "direct");
  expect_logged(
      "client.connected client=direct address=192.0.2.7 version=5.0 session_present=0 proxy=127.0.0.1");
  behind("10.0.0.2", "forwarded");
  expect_logged(
      "client.connected client=forwarded address=203.0.113.9 version=5.0 session_present=0 proxy=10.0.0.2");
  RawClient unknown = raw_to_web();
  unknown.send("PROXY UNKNOWN\r\n");
  unknown.upgrade({.more = "X-Forwarded-For: 203.0.113.9\r\n"});
  MqttClient(std::move(unknown), {.client_id = "unknown"}).ping();
  expect_logged("client.connected client=unknown address=127.0.0.1");
  EXPECT_EQ(answer_to(WebSocketRequest{}), "");
  // The one that is asked at the end.
  in_front_ = "PROXY TCP4 192.0.2.8 198.51.100.1 50000 8083\r\n";
}

TEST_F(WebSocket, ClientsBehindAProxyAreCountedByTheirOwnAddresses) {
  start_websocket({{"proxies", "127.0.0.1"}},
                  {{setting::kAllowAnonymous, "true"}, {setting::kMaxConnectionsPerAddress, "1"}});
  request_.more = "X-Forwarded-For: 203.0.113.1\r\n";
  const auto status_for = [&](const std::string& address) {
    const WebSocketRequest request{.more = "X-Forwarded-For: " + address + "\r\n"};
    return answer_to(request.text() + close_frame(1000)).substr(9, 3);
  };
  std::optional<MqttClient> one(std::in_place, upgraded({.more = "X-Forwarded-For: 198.51.100.7\r\n"}),
                                ConnectOptions{.client_id = "one"});
  EXPECT_EQ(status_for("198.51.100.7"), "429") << "before it has sent a CONNECT";
  EXPECT_EQ(status_for("198.51.100.8"), "101");
  one->ping();
  one.reset();
  // The place is free when the broker has seen the end of the stream.
  const auto end = Clock::now() + kPatience;
  std::string last;
  while (last != "101" && Clock::now() < end) last = status_for("198.51.100.7");
  EXPECT_EQ(last, "101");
}

}  // namespace hermod::integration
