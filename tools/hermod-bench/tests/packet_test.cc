#include "packet.h"

#include <gtest/gtest.h>

#include "publish_template.h"

namespace hermod::bench {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

Frame only_frame(std::string_view bytes) {
  Frame frame;
  std::size_t consumed = 0;
  EXPECT_EQ(next_frame(as_bytes(bytes), frame, consumed), FrameState::Complete);
  EXPECT_EQ(consumed, bytes.size());
  return frame;
}

TEST(NextFrame, NeedsMoreUntilTheLastByteIsThere) {
  std::string packet;
  const PublishTemplate publish(Version::V5, 1, "bench/1", 300);
  publish.append(packet, 7, Stamp{}, false);
  Frame frame;
  std::size_t consumed = 0;
  for (std::size_t size = 0; size < packet.size(); ++size)
    EXPECT_EQ(next_frame(as_bytes(packet).first(size), frame, consumed), FrameState::NeedMore);
  EXPECT_EQ(next_frame(as_bytes(packet + "rest"), frame, consumed), FrameState::Complete);
  EXPECT_EQ(consumed, packet.size());
}

TEST(NextFrame, ARemainingLengthOfFiveBytesIsMalformed) {
  Frame frame;
  std::size_t consumed = 0;
  EXPECT_EQ(next_frame(as_bytes("\x30\xff\xff\xff\xff\x01"sv), frame, consumed), FrameState::Malformed);
}

TEST(PublishTemplate, IsReadBackAsItWasWritten) {
  for (const Version version : {Version::V311, Version::V5}) {
    for (int qos = 0; qos <= 2; ++qos) {
      std::string packet;
      const PublishTemplate publish(version, qos, "bench/3", 64);
      publish.append(packet, 513, Stamp{3, 99, 1234567, true}, qos > 0);
      const auto read = parse_publish(only_frame(packet), version);
      ASSERT_TRUE(read);
      EXPECT_EQ(read->qos, qos);
      EXPECT_EQ(read->dup, qos > 0);
      EXPECT_EQ(read->packet_id, qos > 0 ? 513 : 0);
      EXPECT_EQ(as_text(read->topic), "bench/3");
      ASSERT_EQ(read->payload.size(), 64U);
      EXPECT_EQ(static_cast<char>(read->payload[40]), filler_at(40));
      const auto stamp = Stamp::read(read->payload);
      ASSERT_TRUE(stamp);
      EXPECT_EQ(stamp->publisher, 3U);
      EXPECT_EQ(stamp->sequence, 99U);
      EXPECT_EQ(stamp->sent_ns, 1234567U);
      EXPECT_TRUE(stamp->after_refusal);
    }
  }
}

TEST(PublishTemplate, AKeyIsAUserPropertyThatTheMessagesTakeInTurn) {
  const PublishTemplate publish(Version::V5, 1, "bench", 64, 5);
  for (const std::uint64_t sequence : {4U, 9U, 10U}) {
    std::string packet;
    publish.append(packet, 1, Stamp{0x2a, sequence, 7, false}, false);
    const std::string key = sequence == 10 ? "002a-0000000" : "002a-0000004";
    EXPECT_NE(packet.find("\x14\x26\x00\x03key\x00\x0c"s + key), std::string::npos);
    const auto read = parse_publish(only_frame(packet), Version::V5);
    ASSERT_TRUE(read);
    ASSERT_EQ(read->payload.size(), 64U);
    EXPECT_EQ(Stamp::read(read->payload)->sequence, sequence);
  }
}

TEST(Stamp, IsNotFoundInAForeignPayload) {
  EXPECT_FALSE(Stamp::read(as_bytes("too short"sv)));
  EXPECT_FALSE(Stamp::read(as_bytes("long enough but not from this program"sv)));
}

TEST(ParsePublish, PropertiesOfTheBrokerAreSkipped) {
  // Subscription Identifier 128 and a User Property "a" = "b" stand before the payload.
  const auto publish = parse_publish(
      only_frame("\x30\x10\x00\x01t\x0a\x0b\x80\x01\x26\x00\x01\x61\x00\x01\x62hi"sv), Version::V5);
  ASSERT_TRUE(publish);
  EXPECT_EQ(as_text(publish->payload), "hi");
}

TEST(ParsePublish, ATopicBeyondThePacketIsNoPublish) {
  EXPECT_FALSE(parse_publish(only_frame("\x30\x03\x00\x09t"sv), Version::V311));
}

TEST(ParseConnack, LimitsOfTheBrokerAreFoundAmongItsProperties) {
  const auto connack = parse_connack(
      only_frame("\x20\x10\x01\x00\x0d\x12\x00\x02id\x21\x00\x0a\x27\x00\x01\x00\x00"sv), Version::V5);
  ASSERT_TRUE(connack);
  EXPECT_TRUE(connack->session_present);
  EXPECT_EQ(connack->receive_maximum, 10);
  EXPECT_EQ(connack->maximum_packet_size, 65536U);
}

TEST(ParseAck, AShortFormMeansSuccess) {
  const auto plain = parse_ack(only_frame("\x40\x02\x01\x02"sv));
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->packet_id, 0x0102);
  EXPECT_EQ(plain->reason, 0);
  const auto refused = parse_ack(only_frame("\x40\x04\x01\x02\x97\x00"sv));
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->reason, 0x97);
}

}  // namespace
}  // namespace hermod::bench
