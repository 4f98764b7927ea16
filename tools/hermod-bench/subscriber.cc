#include "subscriber.h"

#include <cstring>

namespace hermod::bench {
namespace {

constexpr std::uint16_t kSubscribeId = 1;
/// Publishers of a foreign generator are followed up to this number.
constexpr std::uint32_t kMostStreams = 65536;

std::uint32_t publishers_of_one_subscriber(const Scenario& scenario) {
  return scenario.shape == Shape::FanIn || scenario.shape == Shape::Shared ? scenario.publishers : 1;
}

}  // namespace

Subscriber::Subscriber(ConnectSpec spec, Board& board, const Scenario& scenario, std::uint32_t index)
    : Client(std::move(spec), board),
      scenario_(scenario),
      index_(index),
      filter_(scenario.filter_of_subscriber(index)),
      first_publisher_(scenario.shape == Shape::Pair ? index : 0),
      flow_(scenario.version),
      streams_(publishers_of_one_subscriber(scenario)) {
  for (std::size_t at = Stamp::kSize; at < scenario.payload_size; ++at) filler_.push_back(filler_at(at));
}

const StreamCheck* Subscriber::stream_of(std::uint32_t publisher) const {
  const std::uint32_t at = publisher - first_publisher_;
  return publisher >= first_publisher_ && at < streams_.size() ? &streams_[at] : nullptr;
}

void Subscriber::on_connected(const Connack& connack) {
  flow_.on_connected(connack.session_present);
  if (connack.session_present) {
    set_state(State::Ready);
    return;
  }
  put_subscribe(link().out(), version(), kSubscribeId, filter_, scenario_.qos);
  set_state(State::AwaitSuback);
}

bool Subscriber::on_frame(const Frame& frame) {
  switch (frame.type()) {
    case PacketType::Publish: {
      const auto publish = parse_publish(frame, version());
      if (!publish) break;
      if (flow_.on_publish(*publish, link().out())) on_message(*publish);
      return true;
    }
    case PacketType::Pubrel: {
      const auto ack = parse_ack(frame);
      if (!ack) break;
      flow_.on_pubrel(ack->packet_id, link().out());
      return true;
    }
    case PacketType::Suback: {
      const auto ack = parse_suback(frame, version());
      if (!ack || ack->reason > 2) {
        board().fail("SUBSCRIBE to \"" + filter_ + "\" refused");
        return false;
      }
      set_state(State::Ready);
      return true;
    }
    case PacketType::Pingresp:
      return true;
    default:
      break;
  }
  board().fail("subscriber \"" + client_id() + "\" received packet type " +
               std::to_string(static_cast<int>(frame.type())));
  return false;
}

bool Subscriber::is_intact(const Publish& publish, const Stamp& stamp) const {
  if (scenario_.shape == Shape::Listen) return true;
  if (publish.payload.size() != Stamp::kSize + filler_.size()) return false;
  if (std::memcmp(publish.payload.data() + Stamp::kSize, filler_.data(), filler_.size()) != 0) return false;
  return stream_of(stamp.publisher) != nullptr;
}

void Subscriber::on_message(const Publish& publish) {
  const auto stamp = Stamp::read(publish.payload);
  if (!stamp) {
    ++counts_.foreign;
    return;
  }
  ++counts_.arrivals;
  if (!is_intact(publish, *stamp)) {
    ++counts_.damaged;
    return;
  }
  const std::uint32_t at = stamp->publisher - first_publisher_;
  if (at >= kMostStreams) return;
  if (at >= streams_.size()) streams_.resize(at + 1U);
  switch (streams_[at].on_message(stamp->sequence)) {
    case StreamCheck::Arrival::Duplicate:
      ++counts_.duplicates;
      return;
    case StreamCheck::Arrival::Late:
      ++(stamp->after_refusal ? counts_.late_after_refusal : counts_.late);
      break;
    case StreamCheck::Arrival::InOrder:
      break;
  }
  const std::uint64_t now = board().now_ns;
  board().latency.record(now > stamp->sent_ns ? now - stamp->sent_ns : 0);
  board().receipt(stamp->publisher);
}

}  // namespace hermod::bench
