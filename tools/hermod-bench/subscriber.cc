#include "subscriber.h"

#include <cstring>

namespace hermod::bench {
namespace {

constexpr std::uint16_t kSubscribeId = 1;
/// Publishers of a foreign generator are followed up to this number.
constexpr std::uint32_t kMostStreams = 65536;

std::uint32_t publishers_of_one_subscriber(const Scenario& scenario) {
  if (scenario.shape == Shape::Queue || scenario.shape == Shape::Stream) return 0;
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
      streams_(publishers_of_one_subscriber(scenario)),
      deliveries_(scenario.shape == Shape::Queue ? scenario.publishers : 0) {
  if (scenario.shape == Shape::Stream) reading_.emplace(scenario.publishers);
  for (std::size_t at = Stamp::kSize; at < scenario.payload_size; ++at) filler_.push_back(filler_at(at));
}

const StreamCheck* Subscriber::stream_of(std::uint32_t publisher) const {
  if (reading_) return publisher < reading_->producers().size() ? &reading_->producers()[publisher] : nullptr;
  const std::uint32_t at = publisher - first_publisher_;
  return publisher >= first_publisher_ && at < streams_.size() ? &streams_[at] : nullptr;
}

void Subscriber::on_connected(const Connack& connack) {
  held_.clear();
  flow_.on_connected(connack.session_present);
  if (reading_) reading_->on_connected();
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
      return on_publish(*publish);
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
  if (scenario_.shape == Shape::Queue)
    return stamp.publisher < deliveries_.size() && stamp.sequence < DeliveryMap::kLimit;
  return stream_of(stamp.publisher) != nullptr;
}

bool Subscriber::is_slow(const Stamp& stamp) const {
  return scenario_.shape == Shape::Queue && scenario_.is_slow(index_, stamp.publisher, stamp.sequence);
}

bool Subscriber::on_publish(const Publish& publish) {
  const auto stamp = Stamp::read(publish.payload);
  const bool waits = publish.qos > 0 && stamp && is_slow(*stamp);
  Held held;
  if (flow_.on_publish(publish, waits ? held.answer : link().out())) on_message(publish);
  if (waits) {
    held.due_ns = board().now_ns + static_cast<std::uint64_t>(scenario_.slow_ms * 1e6);
    held_.push_back(std::move(held));
  }
  return true;
}

void Subscriber::pump(std::uint64_t now_ns) {
  for (; state() == State::Ready && has_due(now_ns); held_.pop_front())
    link().out().append(held_.front().answer);
}

void Subscriber::release() {
  for (; state() == State::Ready && !held_.empty(); held_.pop_front())
    link().out().append(held_.front().answer);
}

bool Subscriber::check_delivery(const Stamp& stamp) {
  const bool is_first = deliveries_[stamp.publisher].mark(stamp.sequence);
  if (!is_first) ++counts_.duplicates;
  const auto arrival = board().exchange.key_order.on_message(stamp.publisher, stamp.sequence);
  if (arrival == KeyOrder::Arrival::Late)
    ++(stamp.after_refusal ? counts_.late_after_refusal : counts_.late_of_key);
  return is_first;
}

bool Subscriber::check_stream(const Stamp& stamp) {
  const std::uint32_t at = stamp.publisher - first_publisher_;
  if (at >= kMostStreams) return false;
  if (at >= streams_.size()) streams_.resize(at + 1U);
  switch (streams_[at].on_message(stamp.sequence)) {
    case StreamCheck::Arrival::Duplicate:
      ++counts_.duplicates;
      return false;
    case StreamCheck::Arrival::Late:
      ++(stamp.after_refusal ? counts_.late_after_refusal : counts_.late);
      return true;
    case StreamCheck::Arrival::InOrder:
      break;
  }
  return true;
}

/// True for a first copy.
bool Subscriber::check(const Publish& publish, const Stamp& stamp) {
  if (reading_)
    return reading_->on_message(number_property(publish.properties, "offset"),
                                number_property(publish.properties, "seq"), stamp);
  return scenario_.shape == Shape::Queue ? check_delivery(stamp) : check_stream(stamp);
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
  if (!check(publish, *stamp)) return;
  const std::uint64_t now = board().now_ns;
  Histogram& latency = is_slow(*stamp) ? board().slow_latency : board().latency;
  latency.record(now > stamp->sent_ns ? now - stamp->sent_ns : 0);
  board().receipt(stamp->publisher);
}

}  // namespace hermod::bench
