#include <optional>

#include "tests/integration/websocket/websocket_test.h"

namespace hermod::integration {

/// The client's side of the socket stays open, and is waited for.
class WebSocketClose : public WebSocket {
 protected:
  void TearDown() override {
    observing_.reset();  // the broker would wait for it, too
    WebSocket::TearDown();
  }
  void start() {
    start_websocket({}, {{"net.close_time", "1m"}});
    observing_.emplace(client("observer"));
    observing_->subscribe("will", 1);
  }
  MqttClient mortal() {
    return {upgraded(), {.client_id = "mortal", .will = Will{.topic = "will", .payload = "gone"}}};
  }
  MqttClient& observing() { return *observing_; }

 private:
  std::optional<MqttClient> observing_;
};

TEST_F(WebSocketClose, AWillDoesNotWaitForTheEndOfTheSocket) {
  start();
  MqttClient leaving = mortal();
  leaving.raw().send_unframed(close_frame(1001));
  EXPECT_EQ(observing().receive().payload, "gone");
  expect_logged("the client closed the connection without DISCONNECT");
  EXPECT_TRUE(leaving.raw().drain_until_closed());
  EXPECT_EQ(leaving.raw().close_code(), 1001) << "its Close is answered";
}

TEST_F(WebSocketClose, NorForThatOfWhoBreaksARule) {
  start();
  MqttClient broken = mortal();
  broken.raw().send_unframed(Frame{.opcode = opcode::kText, .payload = "text"}.bytes());
  EXPECT_EQ(observing().receive().payload, "gone");
}

TEST_F(WebSocketClose, ADisconnectInFrontOfTheCloseTakesTheWillBack) {
  start();
  MqttClient leaving = mortal();
  leaving.raw().send_unframed(framed(disconnect_bytes(leaving.version())) + close_frame(1000));
  EXPECT_TRUE(leaving.raw().drain_until_closed());
  observing().expect_quiet();
}

}  // namespace hermod::integration
