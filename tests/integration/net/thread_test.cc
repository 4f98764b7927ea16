#include <functional>
#include <thread>

#include "tests/integration/net/loop_test.h"

namespace hermod::net {
namespace {

class TransportThread : public LoopTest {};

TEST_F(TransportThread, EveryCallFromAnotherThreadEndsTheProcess) {
  RecordingHandler handler;
  auto [owned, theirs] = connected_transport(handler);
  Transport& transport = *owned;
  loop_.poll(std::chrono::nanoseconds{0});
  const std::function<void()> calls[] = {
      [&] { transport.request_flush(); }, [&] { transport.pause_reading(true); },
      [&] { transport.close(CloseReason::ByBroker); }, [&] { (void)transport.peer(); },
      [&] { (void)transport.buffered_bytes(); }};
  for (const auto& call : calls) EXPECT_DEATH(std::thread(call).join(), "assertion failed: owner == self");
}

TEST_F(TransportThread, EveryCallFromTheThreadThatPollsIsFine) {
  RecordingHandler handler;
  auto [transport, theirs] = connected_transport(handler);
  loop_.poll(std::chrono::nanoseconds{0});
  transport->pause_reading(true);
  transport->pause_reading(false);
  transport->request_flush();
  EXPECT_EQ(transport->buffered_bytes(), 0U);
  EXPECT_FALSE(transport->peer().address.empty());
  transport->close(CloseReason::ByBroker);
}

}  // namespace
}  // namespace hermod::net
