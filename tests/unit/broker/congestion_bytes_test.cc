// The patience with a slow reader ends whatever made it slow: here the bytes it was sent and did not
// acknowledge.

#include "tests/unit/broker/path_fixture.h"

namespace hermod::broker::testing {
namespace {

class CongestionByBytes : public PathTest {
 protected:
  CongestionByBytes() {
    options_.limits.outbound_buffer = 64 * 1024;
    options_.limits.slow_reader_patience = std::chrono::milliseconds{300};
  }
  static bool is_read(FakeClient& client) { return !client.peer().transport()->is_paused(); }
  void send(FakeClient& publisher) {
    publish(publisher, {"a", std::string(1000, 'x'), kQoS1, ++last_id_});
    settle();
  }
  std::uint16_t last_id_ = 0;
};

TEST_F(CongestionByBytes, NobodyWaitsLongerThanThePatience) {
  FakeClient slow = login({.client_id = "slow", .receive_maximum = 1});
  subscribe(slow, "a", kQoS1);
  FakeClient publisher = login("pub");
  for (int i = 0; i < 200 && is_read(publisher); ++i) send(publisher);
  ASSERT_FALSE(is_read(publisher));
  broker().pass(std::chrono::milliseconds{250}, std::chrono::milliseconds{10});
  EXPECT_FALSE(is_read(publisher)) << "its queue is as full as before";
  broker().pass(std::chrono::milliseconds{150}, std::chrono::milliseconds{10});
  EXPECT_TRUE(is_read(publisher));
  for (int i = 0; i < 20; ++i) send(publisher);
  EXPECT_TRUE(is_read(publisher)) << "for a stalled reader nobody waits";
}

}  // namespace
}  // namespace hermod::broker::testing
