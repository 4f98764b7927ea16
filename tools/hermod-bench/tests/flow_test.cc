#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "publisher_flow.h"
#include "stream_check.h"
#include "subscriber_flow.h"

namespace hermod::bench {
namespace {

constexpr Version kVersion = Version::V5;

PublisherFlow flow_of(int qos, std::uint16_t window) {
  return {PublishTemplate(kVersion, qos, "t", 24), 1, qos, window, kVersion};
}

std::vector<Frame> frames_in(const std::string& bytes) {
  std::vector<Frame> frames;
  Bytes rest = as_bytes(bytes);
  Frame frame;
  std::size_t consumed = 0;
  while (next_frame(rest, frame, consumed) == FrameState::Complete) {
    frames.push_back(frame);
    rest = rest.subspan(consumed);
  }
  EXPECT_TRUE(rest.empty());
  return frames;
}

std::string ack(PacketType type, std::uint16_t packet_id, std::uint8_t reason = 0) {
  std::string bytes;
  put_ack(bytes, type, packet_id, kVersion, reason);
  return bytes;
}

void answer(PublisherFlow& flow, const std::string& bytes, std::string& out, std::uint64_t now_ns = 0) {
  for (const Frame& frame : frames_in(bytes)) EXPECT_TRUE(flow.on_frame(frame, now_ns, out));
}

Connack resumed() {
  Connack connack;
  connack.session_present = true;
  return connack;
}

TEST(PublisherFlow, StopsAtItsWindowAndAtTheBrokersReceiveMaximum) {
  PublisherFlow flow = flow_of(1, 3);
  std::string out;
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(flow.can_send());
    flow.send(0, out);
  }
  EXPECT_FALSE(flow.can_send());
  PublisherFlow limited = flow_of(1, 3);
  Connack connack;
  connack.receive_maximum = 1;
  limited.on_connected(connack, 0, out);
  limited.send(0, out);
  EXPECT_FALSE(limited.can_send());
}

TEST(PublisherFlow, TellsWhenTheMessageThatIsDoneNowWasSent) {
  PublisherFlow flow = flow_of(2, 2);
  std::string out;
  flow.send(70, out);
  flow.send(80, out);
  answer(flow, ack(PacketType::Pubrec, 2), out, 90);
  EXPECT_EQ(flow.finished_sent_ns(), 0U) << "QoS 2 is done with PUBCOMP";
  answer(flow, ack(PacketType::Pubcomp, 2), out, 95);
  EXPECT_EQ(flow.finished_sent_ns(), 80U);
  answer(flow, ack(PacketType::Pubrec, 1, 0x97), out, 99);
  EXPECT_EQ(flow.finished_sent_ns(), 0U) << "refused is not done";
}

TEST(PublisherFlow, UnfinishedMessagesComeAgainInOrderWithDupAndTheirOldIds) {
  PublisherFlow flow = flow_of(2, 4);
  std::string out;
  for (int i = 0; i < 4; ++i) flow.send(0, out);
  std::string pubrel;
  answer(flow, ack(PacketType::Pubrec, 1), pubrel);                                // 1 is released
  answer(flow, ack(PacketType::Pubrec, 2) + ack(PacketType::Pubcomp, 2), pubrel);  // 2 is done
  std::string again;
  flow.on_connected(resumed(), 0, again);
  const auto frames = frames_in(again);
  ASSERT_EQ(frames.size(), 3U);
  EXPECT_EQ(frames[0].type(), PacketType::Pubrel);
  EXPECT_EQ(parse_ack(frames[0])->packet_id, 1);
  for (std::size_t i = 1; i < 3; ++i) {
    const auto publish = parse_publish(frames[i], kVersion);
    ASSERT_TRUE(publish);
    EXPECT_TRUE(publish->dup);
    EXPECT_EQ(publish->packet_id, i + 2);
    EXPECT_EQ(Stamp::read(publish->payload)->sequence, i + 1);
  }
}

TEST(PublisherFlow, WithoutASessionAtTheBrokerTheMessageIsNewAgain) {
  PublisherFlow flow = flow_of(1, 2);
  std::string out;
  flow.send(0, out);
  std::string again;
  flow.on_connected(Connack{}, 0, again);
  const auto frames = frames_in(again);
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_FALSE(parse_publish(frames[0], kVersion)->dup);
}

TEST(PublisherFlow, ARefusedMessageIsSentAgainAfterThePauseAndMarked) {
  for (const int qos : {1, 2}) {
    PublisherFlow flow = flow_of(qos, 2);
    std::string out;
    flow.send(0, out);
    out.clear();
    answer(flow, ack(qos == 1 ? PacketType::Puback : PacketType::Pubrec, 1, 0x97), out, 100);
    EXPECT_TRUE(out.empty()) << "a refused PUBREC is not answered";
    EXPECT_FALSE(flow.idle());
    EXPECT_FALSE(flow.has_refused(100));
    const std::uint64_t later = 100 + PublisherFlow::kRefusalPauseNs;
    ASSERT_TRUE(flow.has_refused(later));
    flow.send(later, out);
    const auto publish = parse_publish(frames_in(out).at(0), kVersion);
    EXPECT_FALSE(publish->dup);
    EXPECT_TRUE(Stamp::read(publish->payload)->after_refusal);
    EXPECT_EQ(Stamp::read(publish->payload)->sequence, 0U);
    EXPECT_EQ(flow.sent(), 1U);
    EXPECT_EQ(flow.counts().refused, 1U);
  }
}

TEST(PublisherFlow, AnAcknowledgementOfNothingIsCounted) {
  PublisherFlow flow = flow_of(1, 2);
  std::string out;
  answer(flow, ack(PacketType::Puback, 1) + ack(PacketType::Puback, 999), out);
  EXPECT_EQ(flow.counts().stray_acks, 2U);
  flow.send(0, out);
  answer(flow, ack(PacketType::Pubcomp, 1), out);
  EXPECT_EQ(flow.counts().stray_acks, 3U);
  EXPECT_FALSE(flow.idle());
}

TEST(SubscriberFlow, AHeldIdIsAnsweredButNotHandedOnAgain) {
  SubscriberFlow flow(kVersion);
  Publish publish;
  publish.qos = 2;
  publish.packet_id = 9;
  std::string out;
  EXPECT_TRUE(flow.on_publish(publish, out));
  publish.dup = true;
  EXPECT_FALSE(flow.on_publish(publish, out));
  EXPECT_EQ(out, ack(PacketType::Pubrec, 9) + ack(PacketType::Pubrec, 9));
  EXPECT_EQ(flow.counts().held_again, 1U);
  publish.dup = false;
  EXPECT_FALSE(flow.on_publish(publish, out));
  EXPECT_EQ(flow.counts().held_not_dup, 1U);
  flow.on_pubrel(9, out);
  EXPECT_TRUE(flow.on_publish(publish, out));
}

TEST(SubscriberFlow, AnUnknownPubrelIsCompletedWithItsReason) {
  SubscriberFlow flow(kVersion);
  std::string out;
  flow.on_pubrel(4, out);
  EXPECT_EQ(out, ack(PacketType::Pubcomp, 4, 0x92));
  EXPECT_EQ(flow.counts().unknown_pubrel, 1U);
}

/// Sender and receiver on one line that loses what is on its way whenever it is cut.
class CutLine {
 public:
  CutLine(int qos, std::uint16_t window, std::uint64_t seed) : flow_(flow_of(qos, window)), random_(seed) {}

  void run(std::uint64_t messages) {
    const auto done = [&] { return flow_.sent() == messages && flow_.idle(); };
    for (int step = 0; step < 200000 && !done(); ++step) {
      switch (random_() % 8) {
        case 0:
        case 1:
        case 2:
          while (flow_.can_send() && flow_.sent() < messages && random_() % 3 != 0) flow_.send(0, forth_);
          break;
        case 3:
        case 4:
        case 5:
          deliver_forth();
          break;
        case 6:
          deliver_back();
          break;
        default:
          if (random_() % 4 == 0) cut();
      }
    }
    ASSERT_TRUE(done());
  }

  StreamCheck check;
  std::uint64_t duplicates = 0;
  std::uint64_t late = 0;
  std::uint64_t cuts = 0;
  const PublisherFlow& sender() const { return flow_; }
  const SubscriberFlow& receiver() const { return receiver_; }

 private:
  /// Takes one whole packet off the front of `line`.
  static bool take(std::string& line, std::string& packet, Frame& frame) {
    std::size_t consumed = 0;
    if (next_frame(as_bytes(line), frame, consumed) != FrameState::Complete) return false;
    packet = line.substr(0, consumed);
    line.erase(0, consumed);
    next_frame(as_bytes(packet), frame, consumed);
    return true;
  }
  void deliver_forth() {
    std::string packet;
    Frame frame;
    if (!take(forth_, packet, frame)) return;
    if (frame.type() == PacketType::Pubrel) return receiver_.on_pubrel(parse_ack(frame)->packet_id, back_);
    const auto publish = parse_publish(frame, kVersion);
    if (!receiver_.on_publish(*publish, back_)) return;
    const auto arrival = check.on_message(Stamp::read(publish->payload)->sequence);
    if (arrival == StreamCheck::Arrival::Duplicate) ++duplicates;
    if (arrival == StreamCheck::Arrival::Late) ++late;
  }
  void deliver_back() {
    std::string packet;
    Frame frame;
    while (take(back_, packet, frame)) EXPECT_TRUE(flow_.on_frame(frame, 0, forth_));
  }
  void cut() {
    ++cuts;
    forth_.clear();
    back_.clear();
    flow_.on_connected(resumed(), 0, forth_);
    receiver_.on_connected(true);
  }

  PublisherFlow flow_;
  SubscriberFlow receiver_{kVersion};
  std::mt19937_64 random_;
  std::string forth_;
  std::string back_;
};

TEST(FlowsOverACutLine, QoS2DeliversEveryMessageOnceInOrder) {
  std::uint64_t cuts = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    CutLine line(2, static_cast<std::uint16_t>(1 + seed % 9), seed);
    line.run(200);
    EXPECT_EQ(line.check.received(), 200U);
    EXPECT_TRUE(line.check.missing().empty());
    EXPECT_EQ(line.duplicates, 0U);
    EXPECT_EQ(line.late, 0U);
    EXPECT_EQ(line.receiver().counts().held_not_dup, 0U);
    EXPECT_EQ(line.sender().counts().stray_acks, 0U);
    cuts += line.cuts;
  }
  EXPECT_GT(cuts, 1000U);
}

TEST(FlowsOverACutLine, QoS1LosesNothingAndKeepsTheOrderOfFirstCopies) {
  std::uint64_t duplicates = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    CutLine line(1, static_cast<std::uint16_t>(1 + seed % 9), seed);
    line.run(200);
    EXPECT_EQ(line.check.received(), 200U);
    EXPECT_TRUE(line.check.missing().empty());
    EXPECT_EQ(line.late, 0U);
    duplicates += line.duplicates;
  }
  EXPECT_GT(duplicates, 0U) << "the line was never cut behind a delivery";
}

}  // namespace
}  // namespace hermod::bench
