#include "amqp_codec.h"

#include <gtest/gtest.h>

#include <vector>

namespace hermod::bench::amqp {
namespace {

using namespace std::string_literals;

/// Every frame of `bytes`, which end with the last one.
std::vector<AmqpFrame> amqp_frames_in(const std::string& bytes) {
  std::vector<AmqpFrame> frames;
  Bytes rest = as_bytes(bytes);
  AmqpFrame frame;
  std::size_t consumed = 0;
  while (next_amqp_frame(rest, frame, consumed) == FrameState::Complete) {
    frames.push_back(frame);
    rest = rest.subspan(consumed);
  }
  EXPECT_TRUE(rest.empty());
  return frames;
}

TEST(AmqpCodec, AMessageIsAMethodAHeaderAndABody) {
  std::string out;
  put_message(out, "q", "hello");
  EXPECT_EQ(out,
            "\x01\x00\x01\x00\x00\x00\x0a\x00\x3c\x00\x28\x00\x00\x00\x01q\x00\xce"
            "\x02\x00\x01\x00\x00\x00\x0f\x00\x3c\x00\x00\x00\x00\x00\x00\x00\x00\x00\x05\x10\x00\x02\xce"
            "\x03\x00\x01\x00\x00\x00\x05hello\xce"s);
  const auto frames = amqp_frames_in(out);
  ASSERT_EQ(frames.size(), 3U);
  EXPECT_EQ(frames[2].type, AmqpFrame::Type::Body);
  EXPECT_EQ(as_text(frames[2].payload), "hello");
}

TEST(AmqpCodec, NeedsMoreUntilTheLastByteIsThere) {
  std::string out;
  put_delivery_ack(out, 7);
  AmqpFrame frame;
  std::size_t consumed = 0;
  for (std::size_t size = 0; size < out.size(); ++size)
    EXPECT_EQ(next_amqp_frame(as_bytes(out).first(size), frame, consumed), FrameState::NeedMore);
  out.back() = 'x';
  EXPECT_EQ(next_amqp_frame(as_bytes(out), frame, consumed), FrameState::Malformed);
}

TEST(AmqpCodec, AcknowledgementsAndDeliveriesAreRead) {
  const Confirm confirm = parse_confirm(ByteReader(as_bytes("\0\0\0\0\0\0\x01\x02\x01"s)));
  EXPECT_EQ(confirm.delivery_tag, 0x102U);
  EXPECT_TRUE(confirm.multiple);
  EXPECT_EQ(parse_delivery(ByteReader(as_bytes("\x03tag\0\0\0\0\0\0\0\x09\0"s))), 9U);
}

}  // namespace
}  // namespace hermod::bench::amqp
