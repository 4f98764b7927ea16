#include "publisher.h"

namespace hermod::bench {
namespace {
/// More than this is not encoded ahead of the socket.
constexpr std::size_t kMostUnsent = 256 * 1024;
}  // namespace

Publisher::Publisher(ConnectSpec spec, Board& board, const Scenario& scenario, std::uint32_t index)
    : Client(std::move(spec), board),
      scenario_(scenario),
      index_(index),
      flow_(PublishTemplate(scenario.version, scenario.qos, scenario.topic_of_publisher(index),
                            scenario.payload_size,
                            scenario.shape == Shape::Stream ? PublishTemplate::kNumbers : scenario.keys),
            index, scenario.qos, scenario.window, scenario.version) {
  if (scenario.rate > 0) interval_ns_ = static_cast<std::uint64_t>(1e9 * scenario.publishers / scenario.rate);
}

void Publisher::on_connected(const Connack& connack) {
  flow_.on_connected(connack, board().now_ns, link().out());
  set_state(State::Ready);
}

bool Publisher::on_frame(const Frame& frame) {
  if (frame.type() == PacketType::Pingresp) return true;
  if (flow_.on_frame(frame, board().now_ns, link().out())) {
    if (const std::uint64_t sent = flow_.finished_sent_ns(); sent > 0 && sent <= board().now_ns)
      board().ack_latency.record(board().now_ns - sent);
    return true;
  }
  board().fail("publisher \"" + client_id() + "\" received packet type " +
               std::to_string(static_cast<int>(frame.type())));
  return false;
}

void Publisher::start(std::uint64_t now_ns) {
  has_started_ = true;
  publishing_ = true;
  receipts_changed_ns_ = now_ns;
  due_ns_ = now_ns + interval_ns_ * index_ / scenario_.publishers;
}

std::uint64_t Publisher::receipts() const {
  const std::uint32_t receivers = scenario_.receivers_per_message();
  if (receivers == 0) return flow_.sent();
  return board().exchange.gates[index_].receipts.load(std::memory_order_relaxed) / receivers;
}

bool Publisher::may_send_new(std::uint64_t now_ns) const {
  if (!publishing_ || (interval_ns_ > 0 && due_ns_ > now_ns)) return false;
  if (scenario_.window_by == WindowBy::Acks && scenario_.qos > 0) return true;
  return flow_.sent() < receipts() + forgiven_ + scenario_.window;
}

void Publisher::pump(std::uint64_t now_ns) {
  if (state() != State::Ready) return;
  std::uint64_t sent = 0;
  while (flow_.can_send() && link().unsent() < kMostUnsent) {
    if (flow_.has_refused(now_ns)) {
      flow_.send(now_ns, link().out());
      continue;
    }
    if (!may_send_new(now_ns)) break;
    flow_.send(now_ns, link().out());
    ++sent;
    due_ns_ += interval_ns_;
    if (scenario_.messages > 0 && flow_.sent() >= scenario_.messages) publishing_ = false;
  }
  if (sent > 0) LiveCounts::add(board().live.sent, sent);
}

bool Publisher::is_overdue(std::uint64_t now_ns, std::uint64_t timeout_ns) const {
  const std::uint64_t since = flow_.waiting_since_ns();
  return state() == State::Ready && since > 0 && now_ns > since + timeout_ns;
}

void Publisher::open_if_stalled(std::uint64_t now_ns, std::uint64_t stall_ns) {
  const std::uint64_t now_seen = receipts();
  if (now_seen != seen_receipts_ || state() != State::Ready) {
    seen_receipts_ = now_seen;
    receipts_changed_ns_ = now_ns;
    return;
  }
  const bool is_closed = publishing_ && flow_.sent() >= now_seen + forgiven_ + scenario_.window;
  if (!is_closed || now_ns < receipts_changed_ns_ + stall_ns) return;
  forgiven_ = flow_.sent() - now_seen;
  receipts_changed_ns_ = now_ns;
  ++board().stalls;
}

}  // namespace hermod::bench
