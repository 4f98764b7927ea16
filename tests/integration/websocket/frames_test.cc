#include "tests/integration/websocket/websocket_test.h"

namespace hermod::integration {

namespace {

const std::string kPingRequest("\xC0\x00", 2);
const std::string kPingResponse("\xD0\x00", 2);

}  // namespace

TEST_F(WebSocket, T58_PacketsAndFramesNeedNotMatch) {
  start_websocket();
  RawClient raw = upgraded();
  // Byte by byte, each in a frame of its own. [MQTT-6.0.0-2]
  for (const char byte : connect_bytes({.client_id = "stream"}))
    raw.send_unframed(framed(std::string_view(&byte, 1)));
  EXPECT_EQ(raw.next().type, Type::Connack);
  // Several packets in one frame.
  raw.send(kPingRequest + kPingRequest + kPingRequest);
  raw.expect_bytes(kPingResponse + kPingResponse + kPingResponse);
  // One packet over fragments, with a ping among them, in pieces that do not end where frames do.
  const std::string fragments =
      Frame{.payload = kPingRequest.substr(0, 1), .is_last = false}.bytes() +
      Frame{.opcode = opcode::kPing, .payload = "beat"}.bytes() +
      Frame{.opcode = opcode::kContinuation, .is_last = false}.bytes() +
      Frame{.opcode = opcode::kContinuation, .payload = kPingRequest.substr(1)}.bytes();
  for (const char byte : fragments) raw.send_unframed({&byte, 1});
  raw.expect_bytes(kPingResponse);
  EXPECT_EQ(raw.pongs(), std::vector<std::string>{"beat"});
}

TEST_F(WebSocket, LargePacketsComeThroughBothWays) {
  start_websocket();
  MqttClient one = over_websocket("one");
  one.subscribe("large/#", 1);
  std::string payload;
  for (int i = 0; i < 1'500'000; ++i) payload += static_cast<char>(i * 7 ^ i >> 11);
  for (const std::size_t size : {0U, 1U, 125U, 126U, 2047U, 2048U, 4096U, 65'535U, 65'536U, 1'500'000U}) {
    one.publish("large/" + std::to_string(size), std::string_view(payload).substr(0, size), 1);
    EXPECT_TRUE(one.receive().payload == payload.substr(0, size)) << size;
  }
}

TEST_F(WebSocket, FramesBehindTheRequestInOneGoAreTaken) {
  start_websocket();
  RawClient raw = raw_to_web();
  raw.send(WebSocketRequest{}.text() + framed(connect_bytes({.client_id = "eager"})) + close_frame(1000));
  const std::string answer = raw.read_until_closed();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 101 "));
  const std::string frames = answer.substr(answer.find("\r\n\r\n") + 4);
  ASSERT_GT(frames.size(), 3U);
  EXPECT_EQ(frames[0], '\x82');
  EXPECT_EQ(frames[2], '\x20') << "CONNACK";
  EXPECT_THAT(frames, testing::EndsWith(std::string("\x88\x02\x03\xE8", 4)));
}

TEST_F(WebSocket, EveryPingIsAnswered) {
  start_websocket();
  RawClient raw = upgraded();
  std::string pings;
  std::vector<std::string> expected;
  for (const std::size_t size : {0U, 1U, 125U}) {
    expected.emplace_back(size, 'p');
    pings += Frame{.opcode = opcode::kPing, .payload = expected.back()}.bytes();
  }
  raw.send_unframed(pings + Frame{.opcode = opcode::kPong, .payload = "unasked"}.bytes() + close_frame(1000));
  EXPECT_TRUE(raw.drain_until_closed());
  EXPECT_EQ(raw.pongs(), expected);
  EXPECT_EQ(raw.close_code(), 1000);
}

TEST_F(WebSocket, ACloseIsAnsweredWithItsCodeBehindWhatWasStillToSay) {
  start_websocket();
  for (const auto& [code, answer] :
       {std::pair{1000, 1000}, std::pair{1001, 1001}, std::pair{3000, 3000}, std::pair{4999, 4999},
        std::pair{1005, 1002}, std::pair{999, 1002}, std::pair{5000, 1002}})
    EXPECT_EQ(code_after(close_frame(static_cast<std::uint16_t>(code), "bye")), answer) << code;
  EXPECT_EQ(code_after(Frame{.opcode = opcode::kClose}.bytes()), 1000);
  RawClient raw = upgraded();
  raw.send_unframed(framed(connect_bytes({.client_id = "last-words"}) + kPingRequest) + close_frame(1000));
  EXPECT_EQ(raw.next().type, Type::Connack);
  raw.expect_bytes(kPingResponse);
  raw.expect_close();
  EXPECT_EQ(raw.close_code(), 1000);
}

TEST_F(WebSocket, TheBrokerSaysWhyItCloses) {
  start_websocket();
  MqttClient bad = over_websocket("bad");
  bad.raw().send(std::string("\x00\x00", 2));  // no packet has type 0
  EXPECT_TRUE(bad.raw().drain_until_closed());
  EXPECT_EQ(bad.raw().close_code(), 1000);  // MQTT's DISCONNECT says what was wrong
}

TEST_F(WebSocket, SilentClientsAreFoundByPings) {
  start_websocket({}, {{"websocket.ping_interval", "500ms"}});
  RawClient silent = upgraded();
  RawClient answering = upgraded();
  answering.send(connect_bytes({.client_id = "answering"}));
  answering.next();
  while (answering.pings().size() < 2) {
    ASSERT_FALSE(answering.poll(20ms));
    ASSERT_FALSE(answering.closed());
    answering.send_unframed(Frame{.opcode = opcode::kPong}.bytes());
  }
  EXPECT_TRUE(silent.drain_until_closed());
  EXPECT_EQ(silent.close_code(), 1001);
}

}  // namespace hermod::integration
