#include "tests/support/broker_test.h"
#include "tests/support/settings.h"

namespace hermod::integration {

class ConnectTimeout : public BrokerTest {
 protected:
  void SetUp() override {
    if (is_foreign_broker()) GTEST_SKIP() << "needs a setting";
    start_with({{setting::kConnectTimeout, "1s"}});
  }
};

TEST_F(ConnectTimeout, SilentConnectionIsClosed) {
  RawClient silent(port());
  const auto start = Clock::now();
  silent.expect_close(scaled(4s));
  EXPECT_GE(since(start), 800ms);
}

TEST_F(ConnectTimeout, HalfAConnectIsClosed) {
  RawClient half(port());
  half.send(connect_bytes({.client_id = "half"}).substr(0, 9));
  half.expect_close(scaled(4s));
}

// A byte now and then must not buy more time: the limit is for the whole CONNECT.
TEST_F(ConnectTimeout, TrickledConnectIsClosed) {
  const std::string connect = connect_bytes({.client_id = std::string(60, 'x')});
  RawClient trickling(port());
  const auto start = Clock::now();
  std::size_t sent = 0;
  while (!trickling.closed() && since(start) < scaled(4s) && sent < connect.size()) {
    trickling.try_send(connect.substr(sent++, 1));
    trickling.poll(200ms);
  }
  EXPECT_TRUE(trickling.closed());
}

TEST_F(ConnectTimeout, ConnectedClientIsNotTouched) {
  MqttClient connected = client("connected");
  connected.expect_quiet(1800ms);
  connected.ping();
}

}  // namespace hermod::integration
