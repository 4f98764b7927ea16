#include "net/websocket_request.h"

#include <gtest/gtest.h>

namespace hermod::net {

WebSocketRules websocket_rules(const WebSocketOptions& options = {}) {
  auto made = WebSocketRules::from(options);
  EXPECT_TRUE(made) << (made ? "" : made.error().detail);
  return *made;
}

std::string request_text(const std::string& first_line, const std::string& more) {
  return first_line + "\r\nHost: x\r\n" + more + "\r\n";
}

const std::string kUpgrade =
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// The status of the answer; 101 when the request may have its WebSocket.
int status_of(const std::string& head, const WebSocketOptions& options = {}) {
  const auto answer = judge_request(head, "192.0.2.1", websocket_rules(options));
  const auto* refusal = std::get_if<WebSocketRefusal>(&answer);
  return refusal == nullptr ? 101 : refusal->status;
}

TEST(WebSocketRequest, NamesOfHeadersAndTokensAreInAnyCase) {
  EXPECT_EQ(status_of("GET /mqtt HTTP/1.1\r\nhOST:x\r\nCONNECTION: foo , UPGRADE\r\nUpgrade: WebSocket\r\n"
                      "sec-websocket-version:13\r\nSEC-WEBSOCKET-KEY:\tdGhlIHNhbXBsZSBub25jZQ== \r\n"
                      "Sec-WebSocket-Protocol: x\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n"),
            101);
}

TEST(WebSocketRequest, TheKeyMustBeSixteenBytes) {
  const std::string subprotocol = "Sec-WebSocket-Protocol: mqtt\r\n";
  const auto with_key = [&](const std::string& key) {
    return status_of(request_text(
        "GET /mqtt HTTP/1.1", "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
                                  (key.empty() ? "" : "Sec-WebSocket-Key: " + key + "\r\n") + subprotocol));
  };
  EXPECT_EQ(with_key("dGhlIHNhbXBsZSBub25jZQ=="), 101);
  for (const char* key : {"", "short==", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQ===",
                          "dGhl IHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25j\"Q=="})
    EXPECT_EQ(with_key(key), 400) << key;
  EXPECT_EQ(
      status_of(request_text("GET /mqtt HTTP/1.1",
                             kUpgrade + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" + subprotocol)),
      400);
}

TEST(WebSocketRequest, WhatAnAnswerTellsDependsOnWhatWasAsked) {
  const std::string good = kUpgrade + "Sec-WebSocket-Protocol: mqtt\r\n";
  EXPECT_EQ(status_of(request_text("GET /mqtt HTTP/1.1", good)), 101);
  EXPECT_EQ(status_of(request_text("GET /mqtt HTTP/1.0", good)), 400);
  EXPECT_EQ(status_of(request_text("GET /mqtt HTTP/2", good)), 505);
  EXPECT_EQ(status_of(request_text("PUT /mqtt HTTP/1.1", good)), 405);
  EXPECT_EQ(status_of(request_text("GET /other HTTP/1.1", good)), 404);
  EXPECT_EQ(status_of(request_text("GET /mqtt HTTP/1.1", "")), 426);
  EXPECT_EQ(status_of(request_text("GET /mqtt HTTP/1.1", "Upgrade: h2c\r\nConnection: Upgrade\r\n")), 426);
  EXPECT_EQ(status_of(request_text("GET /mqtt HTTP/1.1", kUpgrade)), 400);
  EXPECT_EQ(status_of(request_text("GET /mqtt HTTP/1.1", kUpgrade), {.requires_subprotocol = false}), 101);
  EXPECT_EQ(status_of(request_text("GET  HTTP/1.1", good)), 400);
  EXPECT_EQ(status_of("GET /mqtt HTTP/1.1\r\nHost: \r\n" + good + "\r\n"), 400);
  EXPECT_EQ(status_of(request_text("GET /mqtt HTTP/1.1", "Content-Length: 0\r\n" + good)), 101);
  EXPECT_EQ(
      status_of(request_text("GET /mqtt HTTP/1.1", "Content-Length: 0\r\nContent-Length: 5\r\n" + good)),
      400);
  EXPECT_EQ(status_of("\r\n\r\n"), 400);
}

TEST(WebSocketRequest, APageFromElsewhereIsToldWhichKeyListsIt) {
  const auto rules = WebSocketRules::from({}, {}, "web");
  ASSERT_TRUE(rules);
  const auto why = [&](const std::string& origin) {
    const auto answer = judge_request(
        request_text("GET /mqtt HTTP/1.1", kUpgrade + "Sec-WebSocket-Protocol: mqtt\r\n" + origin),
        "127.0.0.1", *rules);
    const auto* refusal = std::get_if<WebSocketRefusal>(&answer);
    return refusal == nullptr ? "" : std::to_string(refusal->status) + " " + refusal->why;
  };
  EXPECT_EQ(why(""), "");
  EXPECT_EQ(why("Origin: http://127.0.0.1:8000\r\n"), "");
  EXPECT_EQ(why("Origin: https://evil.example\r\n"),
            "403 pages from https://evil.example may not connect: listeners.web.origins does not list "
            "https://evil.example");
  EXPECT_EQ(why("Origin: \r\n"), "403 what the Origin header says is no origin");
  EXPECT_EQ(why("Origin: http://localhost\r\nOrigin: http://localhost\r\n"),
            "400 there is more than one Origin header");
}

TEST(WebSocketRequest, OfTheSubprotocolsMqttIsChosenAndTheOlderNameWhereItStandsAlone) {
  const auto chosen = [](const std::string& offered) {
    const auto answer = judge_request(
        request_text("GET /mqtt HTTP/1.1", kUpgrade + "Sec-WebSocket-Protocol: " + offered + "\r\n"),
        "192.0.2.1", websocket_rules());
    const auto* upgrade = std::get_if<WebSocketUpgrade>(&answer);
    return upgrade == nullptr ? "refused" : upgrade->subprotocol;
  };
  EXPECT_EQ(chosen("mqtt"), "mqtt");
  EXPECT_EQ(chosen("mqttv3.1"), "mqttv3.1");
  EXPECT_EQ(chosen("mqtt, mqttv3.1"), "mqtt");
  EXPECT_EQ(chosen("chat, mqttv3.1, mqtt"), "mqtt") << "[MQTT-6.0.0-4]";
  EXPECT_EQ(chosen("chat"), "refused");
}

TEST(WebSocketRequest, WhatProxiesListInSeveralLinesIsOneList) {
  AddressRange ten{.first = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 10}, .bits = 104};
  const auto rules = WebSocketRules::from({}, {ten});
  ASSERT_TRUE(rules);
  const std::string head =
      request_text("GET /mqtt HTTP/1.1",
                   kUpgrade + "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-For: 198.51.100.7, 10.0.0.2\r\n" +
                       "Sec-WebSocket-Protocol: mqtt\r\n");
  const auto client = [&](const std::string& peer) {
    const auto answer = judge_request(head, peer, *rules);
    return std::get<WebSocketUpgrade>(answer).forwarded_for;
  };
  EXPECT_EQ(client("10.0.0.1"), "198.51.100.7");
  EXPECT_EQ(client("192.0.2.1"), "");
  EXPECT_EQ(client(""), "");
}

TEST(WebSocketRequest, TheTargetMayHaveSchemeAndHostInFront) {
  const std::string good = kUpgrade + "Sec-WebSocket-Protocol: mqtt\r\n";
  const auto status = [&](const std::string& target) {
    return status_of(request_text("GET " + target + " HTTP/1.1", good));
  };
  for (const char* target :
       {"http://x/mqtt", "HTTPS://x:8084/mqtt?token=a/b", "ws://x/mqtt", "/mqtt?http://x/"})
    EXPECT_EQ(status(target), 101) << target;
  for (const char* target :
       {"http://x", "http://x/", "http://x/mqtt/", "ftp://x/mqtt", "http:/mqtt", "x/mqtt"})
    EXPECT_EQ(status(target), 404) << target;
}

TEST(WebSocketRequest, AHeadGetsNoTextAndAnUpgradeIsNamedTwice) {
  const auto answer_to = [](const std::string& first_line) {
    return std::get<WebSocketRefusal>(
               judge_request(request_text(first_line, ""), "192.0.2.1", websocket_rules()))
        .answer();
  };
  const std::string head = answer_to("HEAD /mqtt HTTP/1.1");
  EXPECT_TRUE(head.starts_with("HTTP/1.1 405 ")) << head;
  EXPECT_TRUE(head.ends_with("\r\n\r\n")) << head;
  const std::string page = answer_to("GET /mqtt HTTP/1.1");
  EXPECT_NE(page.find("\r\nUpgrade: websocket\r\n"), std::string::npos) << page;
  EXPECT_NE(page.find("\r\nConnection: upgrade, close\r\n"), std::string::npos) << page;
}

TEST(WebSocketRequest, TooManyHeadersAreRefused) {
  std::string many;
  for (int i = 0; i < 200; ++i) many += "A: b\r\n";
  EXPECT_EQ(status_of(request_text("GET /mqtt HTTP/1.1", many)), 400);
}

TEST(WebSocketRequest, ItEndsWithItsEmptyLine) {
  const std::string head = request_text("GET / HTTP/1.1", "");
  EXPECT_EQ(request_size(head + "more", 0), head.size());
  EXPECT_EQ(request_size(head + "more", head.size() - 1), head.size());
  for (std::size_t size = 0; size < head.size(); ++size) {
    EXPECT_EQ(request_size(head.substr(0, size), 0), 0U);
    EXPECT_EQ(request_size(head, size), head.size()) << size;
  }
}

TEST(WebSocketRequest, TheAnswerProvesThatTheKeyWasRead) {
  WebSocketUpgrade upgrade{.key = "dGhlIHNhbXBsZSBub25jZQ==", .subprotocol = "mqtt"};  // RFC 6455, 1.3
  EXPECT_EQ(upgrade.answer(),
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n");
  upgrade.subprotocol.clear();
  EXPECT_EQ(upgrade.answer().find("Protocol:"), std::string::npos);
}

TEST(WebSocketRequest, AnAnswerHasItsLengthAndEndsTheConnection) {
  const WebSocketRefusal refusal{.status = 404, .why = "nothing here", .extra = "A: b\r\n"};
  const std::string answer = refusal.answer();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 404 Not Found\r\nA: b\r\n"));
  EXPECT_NE(answer.find("\r\nContent-Length: 14\r\nConnection: close\r\n\r\nnothing here.\n"),
            std::string::npos);
}

TEST(WebSocketRequest, CompressionIsAgreedOnWhereTheListenerHasIt) {
  const std::string head = request_text(
      "GET /mqtt HTTP/1.1", kUpgrade +
                                "Sec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Extensions: other\r\n"
                                "sec-websocket-extensions: permessage-deflate; client_max_window_bits\r\n");
  const std::string line =
      "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; "
      "client_no_context_takeover\r\n";
  for (const bool compresses : {false, true}) {
    const auto answer = judge_request(head, "192.0.2.1", websocket_rules({.compresses = compresses}));
    const auto* upgrade = std::get_if<WebSocketUpgrade>(&answer);
    ASSERT_NE(upgrade, nullptr);
    EXPECT_EQ(!upgrade->extensions.empty(), compresses);
    EXPECT_EQ(upgrade->answer().find(line) != std::string::npos, compresses);
    EXPECT_EQ(upgrade->answer().find("Extensions") != std::string::npos, compresses);
  }
}

}  // namespace hermod::net
