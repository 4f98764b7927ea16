#include "tests/integration/websocket/websocket_test.h"
#include "tests/support/deflate.h"
#include "tests/support/settings.h"

namespace hermod::integration {

using WebSocketHostile = WebSocket;

namespace {

constexpr int kSlowClients = 1000;

}  // namespace

TEST_F(WebSocketHostile, T02_AnUnfinishedPacketInAFrameWaitsAndTimesOut) {
  start_websocket({}, {{setting::kConnectTimeout, "1s"}});
  RawClient raw = upgraded();
  // A CONNECT of 4096 bytes is announced, one byte of it comes.
  raw.send(std::string("\x10\x80\x20\x00", 4));
  raw.expect_silence(100ms);
  raw.expect_close();
  EXPECT_EQ(raw.close_code(), 1000);
}

TEST_F(WebSocketHostile, T03_ManySlowRequestsAndConnectsCostLittleAndTimeOut) {
  start_websocket({}, {{"websocket.request_timeout", "1s"}, {setting::kConnectTimeout, "1s"}});
  const std::size_t before = broker().process().resident_bytes();
  std::vector<RawClient> slow;
  for (int i = 0; i < kSlowClients; ++i) {
    slow.push_back(raw_to_web());
    if (i % 2 == 0) {
      slow.back().try_send("GET /mqtt HTTP/1.1\r\nCookie: " + std::string(4000, 'c'));
    } else {
      slow.back().upgrade();
      slow.back().try_send(std::string("\x10\xE0\xD4\x03\x00\x04MQTT\x05", 11) + std::string(4000, 'x'));
    }
  }
  // Of 60,000 bytes that each announces, and 4,000 that came, the latter are kept.
  if (!kSanitized) {
    EXPECT_LT(broker().process().resident_bytes(), before + kSlowClients * 20'000U);
  }
  for (RawClient& raw : slow) EXPECT_TRUE(raw.drain_until_closed());
}

TEST_F(WebSocketHostile, T56_CompressionIsNotAgreedOnAndCompressedFramesAreRefused) {
  start_websocket();
  const WebSocketRequest compressed{.more = "Sec-WebSocket-Extensions: permessage-deflate\r\n"};
  RawClient raw = raw_to_web();
  raw.send(compressed.text() + close_frame(1000));
  EXPECT_THAT(raw.read_until_closed(), testing::Not(HasSubstr("Extensions")));
  for (const int reserved : {0x40, 0x20, 0x10}) {
    std::string frame = framed("squeezed");
    frame[0] = static_cast<char>(frame[0] | reserved);
    EXPECT_EQ(code_after(frame), 1002) << reserved;
  }
}

TEST_F(WebSocketHostile, T56_WithCompressionABombIsBoundedByTheLimitsOfPackets) {
  constexpr std::size_t kPiece = 16U << 20;
  constexpr int kPieces = 64;  // 1 GiB in 1 MiB
  start_websocket({{"compression", "true"}}, {{"mqtt.max_packet_size", "1MiB"}});
  const WebSocketRequest offering{.more = "Sec-WebSocket-Extensions: permessage-deflate\r\n"};
  const std::size_t before = broker().process().resident_bytes();
  // One packet that is longer than any may be, and one message with it and much more.
  MqttClient bomber(upgraded(offering), {.client_id = "bomber"});
  const std::string announced("\x30\x80\x80\x80\x02", 5);  // 4 MiB
  const std::string piece = std::string(kDeflateTail) + deflated(std::string(kPiece, '\0'));
  std::string bomb = deflated(announced);
  for (int i = 0; i < kPieces; ++i) bomb += piece;
  bomber.raw().send_unframed(Frame{.payload = bomb, .is_compressed = true}.bytes());
  EXPECT_TRUE(bomber.raw().drain_until_closed());
  EXPECT_EQ(bomber.raw().close_code(), 1000) << "MQTT's DISCONNECT said why";
  // Packets that may come, without an end.
  MqttClient pinging(upgraded(offering), {.client_id = "pinging"});
  std::string pings;
  while (pings.size() < kPiece / 4) pings += std::string("\xC0\x00", 2);
  MqttClient other = over_websocket("other");
  pinging.raw().send_unframed(Frame{.payload = deflated(pings), .is_compressed = true}.bytes());
  for (int i = 0; i < 10; ++i) other.ping();
  if (!kSanitized) {
    EXPECT_LT(broker().process().resident_bytes(), before + (16U << 20));
  }
  pinging.raw().reset();
}

TEST_F(WebSocketHostile, T56_WithCompressionFramesThatBreakItsRulesEndTheConnection) {
  start_websocket({{"compression", "true"}});
  const WebSocketRequest offering{.more = "Sec-WebSocket-Extensions: permessage-deflate\r\n"};
  const std::string good = deflated(connect_bytes({.client_id = "cut"}));
  struct Case {
    const char* what;
    std::string bytes;
    int code;
  };
  const std::string begun = Frame{.payload = good, .is_last = false, .is_compressed = true}.bytes();
  std::string other_bits = Frame{.payload = good, .is_compressed = true}.bytes();
  other_bits[0] = static_cast<char>(other_bits[0] | 0x20);
  const std::vector<Case> cases{
      {"a continuation", begun + Frame{.opcode = opcode::kContinuation, .is_compressed = true}.bytes(), 1002},
      {"a ping", Frame{.opcode = opcode::kPing, .is_compressed = true}.bytes(), 1002},
      {"a pong", Frame{.opcode = opcode::kPong, .is_compressed = true}.bytes(), 1002},
      {"a close", Frame{.opcode = opcode::kClose, .is_compressed = true}.bytes(), 1002},
      {"text", Frame{.opcode = opcode::kText, .payload = good, .is_compressed = true}.bytes(), 1003},
      {"another bit too", other_bits, 1002},
      {"no compressed data", Frame{.payload = "\xFF\xFF\xFF", .is_compressed = true}.bytes(), 1007},
      {"cut off", Frame{.payload = good.substr(0, 4), .is_compressed = true}.bytes(), 1007},
  };
  for (const Case& one : cases) {
    request_ = offering;
    RawClient raw = upgraded(request_);
    raw.send_unframed(one.bytes);
    EXPECT_TRUE(raw.drain_until_closed()) << one.what;
    EXPECT_EQ(raw.close_code(), one.code) << one.what;
  }
  request_ = {};
  // Who did not offer it has not agreed on it.
  EXPECT_EQ(code_after(Frame{.payload = good, .is_compressed = true}.bytes()), 1002);
}

TEST_F(WebSocketHostile, T57_FramesThatBreakTheRulesEndTheConnectionWithTheirCode) {
  start_websocket();
  const std::string mask(4, '\0');
  const auto numbered = [&](const std::string& head) { return head + mask; };
  struct Case {
    const char* what;
    std::string bytes;
    int code;
  };
  const std::vector<Case> cases{
      {"not masked", Frame{.payload = "x", .is_masked = false}.bytes(), 1002},
      {"not masked, later", framed("\x10") + Frame{.payload = "x", .is_masked = false}.bytes(), 1002},
      {"text", Frame{.opcode = opcode::kText, .payload = "x"}.bytes(), 1003},
      {"empty text", Frame{.opcode = opcode::kText}.bytes(), 1003},
      {"huge", numbered(std::string("\x82\xFF\x00\x00\x00\x10\x00\x00\x00\x00", 10)), 1009},
      {"64 bits", numbered(std::string("\x82\xFF\x80\x00\x00\x00\x00\x00\x00\x00", 10)), 1002},
      {"length in more bytes than needed", numbered(std::string("\x82\xFE\x00\x05", 4)), 1002},
      {"the same in eight", numbered(std::string("\x82\xFF\x00\x00\x00\x00\x00\x00\xFF\xFF", 10)), 1002},
      {"continuation of nothing", Frame{.opcode = opcode::kContinuation}.bytes(), 1002},
      {"message in a message", Frame{.is_last = false}.bytes() + Frame{}.bytes(), 1002},
      {"text in a message", Frame{.is_last = false}.bytes() + Frame{.opcode = opcode::kText}.bytes(), 1003},
      {"fragmented ping", Frame{.opcode = opcode::kPing, .is_last = false}.bytes(), 1002},
      {"fragmented close", Frame{.opcode = opcode::kClose, .is_last = false}.bytes(), 1002},
      {"long ping", Frame{.opcode = opcode::kPing, .payload = std::string(126, 'p')}.bytes(), 1002},
      {"half a code", Frame{.opcode = opcode::kClose, .payload = "\x03"}.bytes(), 1002},
      {"unknown data frame", Frame{.opcode = 0x3}.bytes(), 1002},
      {"unknown control frame", Frame{.opcode = 0xB}.bytes(), 1002},
      {"close twice", close_frame(1001) + close_frame(1000), 1001},
  };
  for (const Case& one : cases) EXPECT_EQ(code_after(one.bytes), one.code) << one.what;
  expect_logged("websocket.broken address=127.0.0.1 code=1003");
}

TEST_F(WebSocketHostile, T57_GarbageInFramesNeverHurtsTheBroker) {
  start_websocket();
  int told = 0;
  unsigned state = 12345;
  const auto next_byte = [&] { return static_cast<char>((state = state * 1'103'515'245 + 12'345) >> 16); };
  for (int i = 0; i < 100; ++i) {
    RawClient raw = upgraded();
    std::string bytes;
    for (int j = 0; j < 200; ++j) bytes += next_byte();
    if (i % 2 == 0) bytes[0] = '\x82';
    raw.send_unframed(bytes);
    raw.finish_sending();  // some of it is the beginning of a long frame
    EXPECT_TRUE(raw.drain_until_closed());
    EXPECT_THAT(raw.close_code(), testing::AnyOf(0, 1000, 1002, 1003, 1007, 1009)) << i;
    if (raw.close_code() >= 1002) ++told;
  }
  EXPECT_GT(told, 50) << "of 100, most break the rules";
}

TEST_F(WebSocketHostile, WhoIsRefusedOrClosedGivesItsPlaceBack) {
  start_websocket({{"max_connections", "1"}});
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(answer_to(WebSocketRequest{.path = "/none"}), StartsWith("HTTP/1.1 404 "));
    EXPECT_EQ(code_after(Frame{.opcode = opcode::kText}.bytes()), 1003);
    EXPECT_EQ(code_after(close_frame(1000)), 1000);
  }
}

TEST_F(WebSocketHostile, AFloodOfPingsFromWhoDoesNotReadCostsNoMemory) {
  constexpr int kBursts = 100;
  constexpr int kPingsPerBurst = 1000;
  start_websocket();
  RawClient raw(web_port_.number(), 64 << 10);
  raw.upgrade();
  const std::string ping = Frame{.opcode = opcode::kPing, .payload = std::string(125, 'p')}.bytes();
  std::string burst;
  for (int i = 0; i < kPingsPerBurst; ++i) burst += ping;
  const std::size_t before = broker().process().resident_bytes();
  for (int i = 0; i < kBursts; ++i) ASSERT_TRUE(raw.send_unframed(burst));
  ASSERT_TRUE(raw.send_unframed(Frame{.opcode = opcode::kPing, .payload = "last"}.bytes()));
  if (!kSanitized) {
    EXPECT_LT(broker().process().resident_bytes(), before + (2U << 20));
  }
  const auto deadline = Clock::now() + kPatience;
  while ((raw.pongs().empty() || raw.pongs().back() != "last") && Clock::now() < deadline)
    raw.poll(Millis(5));
  ASSERT_FALSE(raw.pongs().empty());
  EXPECT_EQ(raw.pongs().back(), "last");
  EXPECT_LT(raw.pongs().size(), static_cast<std::size_t>(kBursts * kPingsPerBurst));
}

TEST_F(WebSocketHostile, AClientThatDoesNotReadIsWaitedForAndGetsAllOfIt) {
  start_websocket({}, {{"limits.slow_reader_patience", "50ms"}});
  RawClient raw(web_port_.number(), 64 << 10);
  raw.upgrade();
  MqttClient slow(std::move(raw), {.client_id = "slow"});
  slow.subscribe("much", 1);
  MqttClient sender = over_websocket("sender");
  const std::string payload(50'000, 'x');
  constexpr std::size_t kMessages = 200;
  for (std::size_t i = 0; i < kMessages; ++i) sender.publish("much", payload + std::to_string(i), 1);
  for (std::size_t i = 0; i < kMessages; ++i)
    ASSERT_TRUE(slow.receive().payload == payload + std::to_string(i)) << i;
}

TEST_F(WebSocketHostile, WhatWaitsForAClientIsBoundedOnceWhereverItWaits) {
  constexpr std::size_t kBuffer = 1U << 20;
  constexpr std::size_t kPayload = 8U << 10;
  // Beside it the kernel holds little.
  start_websocket({{"send_buffer", "64KiB"}},
                  {{"limits.outbound_buffer", "1MiB"}, {"limits.slow_reader_patience", "0s"}});
  RawClient raw(web_port_.number(), 64 << 10);
  raw.upgrade();
  MqttClient slow(std::move(raw), {.client_id = "slow"});
  slow.subscribe("much", 1);
  MqttClient sender = client("sender");
  const std::string payload(kPayload, 'x');
  for (std::size_t i = 0; i < 4 * kBuffer / kPayload; ++i) {
    sender.publish("much", payload);
    sender.ping();  // the next is of another tick
  }
  sender.publish("much", "end", 1);
  std::size_t waited = 0;
  for (std::string got; (got = slow.receive().payload) != "end";) waited += got.size();
  EXPECT_GE(waited, kBuffer);
  EXPECT_LE(waited, kBuffer + kBuffer / 2);
}

TEST_F(WebSocketHostile, T61_AProxyHeaderIsNoRequest) {
  start_websocket();
  EXPECT_THAT(answer_to("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n" + WebSocketRequest{}.text()),
              StartsWith("HTTP/1.1 400 "));
}

TEST_F(WebSocketHostile, T62_RequestsAreLimitedInSizeAndTime) {
  start_websocket({}, {{"websocket.request_timeout", "1s"}, {"websocket.max_request_size", "2KiB"}});
  EXPECT_THAT(answer_to("GET /mqtt HTTP/1.1\r\nX: " + std::string(1'000'000, 'x')),
              StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(answer_to(WebSocketRequest{.more = "X: " + std::string(2000, 'x') + "\r\n"}),
              StartsWith("HTTP/1.1 431 "));
  RawClient unfinished = raw_to_web();
  unfinished.send("GET /mqtt HTTP/1.1\r\nHost: x\r\n");
  RawClient silent = raw_to_web();
  EXPECT_THAT(unfinished.read_until_closed(), StartsWith("HTTP/1.1 408 "));
  EXPECT_THAT(silent.read_until_closed(), StartsWith("HTTP/1.1 408 "));
}

TEST_F(WebSocketHostile, T62_ARequestMayDripButNotForLong) {
  start_websocket({}, {{"websocket.request_timeout", "2s"}});
  RawClient in_time = raw_to_web();
  for (const char byte : WebSocketRequest{}.text()) in_time.send(std::string(1, byte));
  in_time.send_unframed(close_frame(1000));
  EXPECT_THAT(in_time.read_until_closed(), StartsWith("HTTP/1.1 101 "));
  // Each byte comes within the time; together they do not.
  RawClient dripping = raw_to_web();
  dripping.send("GET /mqtt HTTP/1.1\r\nX: ");
  const auto start = Clock::now();
  bool closed = false;
  while (!closed && since(start) < 2s + kPatience) {
    dripping.try_send("x");
    closed = dripping.drain_until_closed(Millis(50));
  }
  EXPECT_TRUE(closed);
  expect_logged("websocket.refused address=127.0.0.1 status=408");
}

TEST_F(WebSocketHostile, T62_WhatIsNoRequestIsRefused) {
  start_websocket();
  const std::string good = WebSocketRequest{}.text();
  for (const std::string& bytes :
       {std::string("\r\n\r\n"), std::string("GET\r\n\r\n"), std::string("GET /mqtt\r\n\r\n"),
        std::string("GET /mqtt HTTP/1.1\r\nno header\r\n\r\n"),
        std::string("GET /mqtt HTTP/1.1\r\n: x\r\n\r\n"),
        std::string("GET /mqtt HTTP/1.0\r\nHost: x\r\n\r\n"), std::string("GET /mqtt HTTP/1.1\r\n\r\n"),
        connect_bytes({.client_id = "lost"}) + "\r\n\r\n",
        good.substr(0, good.size() - 2) + "Host: two\r\n\r\n",
        good.substr(0, good.size() - 2) + "Content-Length: 5\r\n\r\n",
        good.substr(0, good.size() - 2) + "Transfer-Encoding: chunked\r\n\r\n",
        good.substr(0, good.size() - 2) + " folded: x\r\n\r\n",
        good.substr(0, good.size() - 2) + std::string("A: b\0c\r\n\r\n", 10)})
    EXPECT_THAT(answer_to(bytes), StartsWith("HTTP/1.1 400 ")) << to_hex(bytes);
  // Requests behind the first are not answered: the connection ends.
  const std::string page = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  const std::string answer = answer_to(page + page + page);
  EXPECT_EQ(answer.find("HTTP/1.1", 1), std::string::npos);
}

}  // namespace hermod::integration
