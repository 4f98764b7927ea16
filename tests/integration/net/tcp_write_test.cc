#include <algorithm>
#include <vector>

#include "base/shared_bytes.h"
#include "tests/integration/net/loop_test.h"

namespace hermod::net {
namespace {

using namespace std::chrono_literals;

/// "0,1,2,..." up to `size` bytes: a lost, doubled or moved byte shows.
std::string numbered(std::size_t size) {
  std::string text;
  for (int i = 0; text.size() < size; ++i) text += std::to_string(i) + ",";
  text.resize(size);
  return text;
}

class TcpWrite : public LoopTest {
 protected:
  /// Reads on the peer's side until `size` bytes are there.
  std::string drain(const Fd& peer, std::size_t size, std::size_t most_at_once = 1U << 20) {
    std::string text;
    EXPECT_TRUE(tick_until([&] {
      text += receive_now(peer, most_at_once);
      return text.size() >= size;
    }));
    return text;
  }
};

TEST_F(TcpWrite, NothingLeavesBeforeTheEndOfTheTick) {
  RecordingHandler handler;
  auto [transport, theirs] = connected_transport(handler);
  transport->output().append(as_bytes("hello"));
  transport->request_flush();
  loop_.poll(0ns);
  EXPECT_EQ(loop_.statistics().writes, 0U);
  loop_.flush_pending();
  EXPECT_EQ(loop_.statistics().writes, 1U);
  EXPECT_EQ(drain(theirs, 5), "hello");
}

TEST_F(TcpWrite, WhatIsNotAskedToLeaveStays) {
  RecordingHandler handler;
  auto [transport, theirs] = connected_transport(handler);
  transport->output().append(as_bytes("hello"));
  for (int i = 0; i < 3; ++i) tick(1ms);
  EXPECT_EQ(receive_now(theirs), "");
}

TEST_F(TcpWrite, TenThousandSmallWritesLeaveInAFewSystemCalls) {
  options_.send_buffer = 4 << 20;
  RecordingHandler handler;
  auto [transport, theirs] = connected_transport(handler);
  std::string expected;
  for (int i = 0; i < 10'000; ++i) {
    const std::string packet = std::to_string(i) + ",";
    transport->output().append(as_bytes(packet));
    transport->request_flush();
    expected += packet;
  }
  loop_.flush_pending();
  EXPECT_EQ(loop_.statistics().writes, 1U);
  EXPECT_TRUE(transport->output().empty());
  EXPECT_EQ(drain(theirs, expected.size()), expected);
}

TEST_F(TcpWrite, MorePiecesThanOneCallTakesLeaveInOrder) {
  options_.send_buffer = 4 << 20;
  RecordingHandler handler;
  auto [transport, theirs] = connected_transport(handler);
  std::string expected;
  for (int i = 0; i < 200; ++i) {
    const std::string header = std::to_string(i) + ":";
    const std::string payload(100, static_cast<char>('a' + i % 26));
    transport->output().append(as_bytes(header));
    transport->output().append_shared(SharedBytes::copy_of(payload));
    expected += header + payload;
  }
  transport->request_flush();
  loop_.flush_pending();
  EXPECT_EQ(loop_.statistics().writes, 7U);  // 400 pieces, 64 a call
  EXPECT_EQ(drain(theirs, expected.size()), expected);
}

TEST_F(TcpWrite, FullSocketWithATinyBufferLosesNothing) {
  options_.send_buffer = 1;  // the kernel's least
  options_.receive_buffer = 1;
  RecordingHandler handler;
  auto [transport, theirs] = connected_transport(handler);
  const std::string text = numbered(60'000);
  transport->output().append(as_bytes(text));
  transport->request_flush();
  loop_.flush_pending();
  EXPECT_FALSE(transport->output().empty());
  EXPECT_EQ(drain(theirs, text.size(), 777), text);
  EXPECT_TRUE(transport->output().empty());
  EXPECT_EQ(counters_.get(Counter::BytesSent), text.size());
}

TEST_F(TcpWrite, FullSocketIsNotTriedAgainUntilThereIsRoom) {
  options_.send_buffer = 1;
  RecordingHandler handler;
  auto [transport, theirs] = connected_transport(handler);
  transport->output().append(as_bytes(numbered(8 << 20)));
  transport->request_flush();
  loop_.flush_pending();
  ASSERT_TRUE(tick_until([&] { return loop_.poll(250ms) == 0; }));
  const std::uint64_t writes = loop_.statistics().writes;
  for (int i = 0; i < 20; ++i) {
    transport->output().append(as_bytes("more"));
    transport->request_flush();
    tick();
  }
  EXPECT_EQ(loop_.statistics().writes, writes);
}

TEST_F(TcpWrite, DrainedIsToldOnceAfterTheHighMark) {
  options_.send_buffer = 64 << 10;
  options_.write_high_mark = 100'000;
  options_.write_low_mark = 20'000;
  RecordingHandler handler;
  auto [transport, theirs] = connected_transport(handler);
  Transport& ours = *transport;
  std::size_t size_at_drained = 0;
  handler.when_drained = [&] { size_at_drained = ours.output().size(); };
  const std::string text = numbered(8 << 20);
  ours.output().append(as_bytes(text));
  ours.request_flush();
  tick();
  ASSERT_GT(ours.output().size(), options_.write_high_mark);
  EXPECT_EQ(handler.drained, 0);
  EXPECT_EQ(drain(theirs, text.size()), text);
  EXPECT_EQ(handler.drained, 1);
  EXPECT_LE(size_at_drained, options_.write_low_mark);

  ours.output().append(as_bytes("below the high mark"));
  ours.request_flush();
  tick();
  EXPECT_EQ(handler.drained, 1);
}

TEST_F(TcpWrite, DrainedIsToldAlsoWhenTheSocketTookAllAtOnce) {
  options_.write_high_mark = 1'000;
  options_.write_low_mark = 100;
  RecordingHandler handler;
  auto [transport, theirs] = connected_transport(handler);
  transport->output().append(as_bytes(numbered(1'000)));
  transport->request_flush();
  loop_.flush_pending();
  EXPECT_EQ(handler.drained, 1);
}

TEST_F(TcpWrite, OutputMadeWhileDrainedLeavesInTheNextTick) {
  options_.write_high_mark = 1'000;
  options_.write_low_mark = 100;
  RecordingHandler handler;
  auto [transport, theirs] = connected_transport(handler);
  Transport& ours = *transport;
  handler.when_drained = [&] {
    ours.output().append(as_bytes("next"));
    ours.request_flush();
  };
  ours.output().append(as_bytes(numbered(1'000)));
  ours.request_flush();
  loop_.flush_pending();
  EXPECT_EQ(loop_.statistics().writes, 1U);
  loop_.poll(EventLoop::kForever);
  loop_.flush_pending();
  EXPECT_EQ(drain(theirs, 1'004).substr(1'000), "next");
}

TEST_F(TcpWrite, BrokenPeerWakesAHandlerThatWaitsForDrained) {
  options_.send_buffer = 1;
  options_.write_high_mark = 1'000;
  options_.write_low_mark = 100;
  RecordingHandler handler;
  auto [transport, theirs] = connected_transport(handler);
  Transport& ours = *transport;
  handler.when_drained = [&] { ours.pause_reading(false); };
  ours.output().append(as_bytes(numbered(8 << 20)));
  ours.request_flush();
  ours.pause_reading(true);
  tick();
  ASSERT_FALSE(ours.output().empty());
  theirs.reset();
  ASSERT_TRUE(tick_until([&] { return handler.closed.has_value(); }));
  EXPECT_EQ(handler.drained, 1);
  EXPECT_EQ(handler.closed, CloseReason::PeerReset);
}

TEST_F(TcpWrite, SlowReaderDoesNotHoldBackAnother) {
  options_.send_buffer = 1;
  RecordingHandler slow_handler;
  RecordingHandler quick_handler;
  auto [slow, slow_peer] = connected_transport(slow_handler);
  auto [quick, quick_peer] = connected_transport(quick_handler);
  slow->output().append(as_bytes(numbered(8 << 20)));
  slow->request_flush();
  tick();
  quick->output().append(as_bytes("quick"));
  quick->request_flush();
  tick();
  EXPECT_EQ(receive_now(quick_peer), "quick");
  EXPECT_FALSE(slow->output().empty());
}

}  // namespace
}  // namespace hermod::net
