#include "tests/integration/websocket/websocket_test.h"
#include "tests/support/deflate.h"

namespace hermod::integration {

using WebSocketCompressed = WebSocket;

namespace {

const std::string kAnswer =
    "\r\nSec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; "
    "client_no_context_takeover\r\n";

WebSocketRequest offering(const std::string& extension = "permessage-deflate; client_max_window_bits") {
  return {.more = "Sec-WebSocket-Extensions: " + extension + "\r\n"};
}

std::string compressed_frame(const std::string& payload) {
  return Frame{.payload = deflated(payload), .is_compressed = true}.bytes();
}

}  // namespace

TEST_F(WebSocketCompressed, ItIsAgreedOnWithWhoOffersWhatCanBeMet) {
  start_websocket({{"compression", "true"}});
  const auto answer = [&](const WebSocketRequest& request) {
    return answer_to(request.text() + close_frame(1000));
  };
  EXPECT_THAT(answer(offering()), HasSubstr(kAnswer));
  EXPECT_THAT(answer(offering("permessage-deflate; server_max_window_bits=9, permessage-deflate")),
              HasSubstr(kAnswer));
  for (const char* other :
       {"permessage-deflate; server_max_window_bits=9", "permessage-deflate; unknown",
        "permessage-deflate; client_max_window_bits=16", "permessage-deflate;;", "other"}) {
    EXPECT_THAT(answer(offering(other)), StartsWith("HTTP/1.1 101 ")) << other;
    EXPECT_THAT(answer(offering(other)), testing::Not(HasSubstr("Extensions"))) << other;
  }
  EXPECT_THAT(answer({}), testing::Not(HasSubstr("Extensions")));
}

TEST_F(WebSocketCompressed, MessagesGoBothWays) {
  start_websocket({{"compression", "true"}});
  MqttClient one(upgraded(offering()), {.client_id = "one"});
  MqttClient plain = over_websocket("plain");
  one.subscribe("from/plain", 1);
  plain.subscribe("from/one", 1);
  std::string payload;
  for (int i = 0; payload.size() < 300'000; ++i) payload += "{\"value\": " + std::to_string(i) + "}";
  for (const std::size_t size : {0U, 10U, 100U, 1000U, 65'536U, 300'000U}) {
    const std::string text = payload.substr(0, size);
    plain.publish("from/plain", text, 1);
    EXPECT_TRUE(one.receive().payload == text) << size;
    one.raw().send_unframed(
        compressed_frame(publish_bytes(one.version(), {.topic = "from/one", .payload = text})));
    EXPECT_TRUE(plain.receive().payload == text) << size;
  }
  EXPECT_GT(one.raw().compressed(), 5);
  EXPECT_EQ(plain.raw().compressed(), 0);
}

TEST_F(WebSocketCompressed, APacketMayLieInSeveralMessagesAndAMessageInSeveralFrames) {
  start_websocket({{"compression", "true"}});
  RawClient raw = upgraded(offering());
  const std::string connect = connect_bytes({.client_id = "in-parts"});
  const std::string rest = deflated(connect.substr(3));
  raw.send_unframed(compressed_frame(connect.substr(0, 2)) + framed(connect.substr(2, 1)));
  raw.send_unframed(Frame{.payload = rest.substr(0, 5), .is_last = false, .is_compressed = true}.bytes());
  raw.expect_silence(50ms);
  raw.send_unframed(Frame{.opcode = opcode::kPing, .payload = "among"}.bytes() +
                    Frame{.opcode = opcode::kContinuation, .payload = rest.substr(5)}.bytes());
  EXPECT_EQ(raw.next().type, Type::Connack);
  EXPECT_EQ(raw.pongs(), std::vector<std::string>{"among"});
}

TEST_F(WebSocketCompressed, ASlowReaderGetsAllOfIt) {
  start_websocket({{"compression", "true"}}, {{"limits.slow_reader_patience", "50ms"}});
  RawClient raw(web_port_.number(), 64 << 10);
  raw.upgrade(offering());
  MqttClient slow(std::move(raw), {.client_id = "slow"});
  slow.subscribe("much", 1);
  MqttClient sender = client("sender");
  constexpr int kMessages = 100;
  std::string payload;
  for (unsigned state = 1; payload.size() < 100'000;) {
    state = state * 1'103'515'245 + 12'345;
    payload += static_cast<char>('a' + (state >> 16) % 16);  // half of it can be saved
  }
  for (int i = 0; i < kMessages; ++i) sender.publish("much", std::to_string(i) + payload, 1);
  for (int i = 0; i < kMessages; ++i) ASSERT_TRUE(slow.receive().payload == std::to_string(i) + payload) << i;
  EXPECT_GT(slow.raw().compressed(), kMessages);
}

}  // namespace hermod::integration
