#include "qos/in_flight_window.h"

#include <algorithm>
#include <utility>

#include "qos/packet_ids.h"

namespace hermod::qos {

InFlight::InFlight(Seq seq, wire::QoS qos, Phase phase)
    : word_(seq.v << kSeqShift | (qos == wire::QoS::ExactlyOnce ? kQoS2Bit : 0) |
            static_cast<std::uint64_t>(phase)) {
  HERMOD_ASSERT(seq.v >> (64 - kSeqShift) == 0);
}

bool InFlightWindow::has_room_for(Seq seq) const {
  if (empty()) return true;
  const std::uint64_t lowest = std::min(seq.v, all().front().seq().v);
  const std::uint64_t highest = std::max(seq.v, all().back().seq().v);
  return highest - lowest < kPacketIdCount;
}

InFlight& InFlightWindow::insert(const InFlight& exchange) {
  HERMOD_ASSERT(has_room_for(exchange.seq()));
  make_room_at_end();
  InFlight* const first = data() + begin_;
  InFlight* const last = data() + end_;
  InFlight* place = last;
  if (first != last && !(last[-1].seq() < exchange.seq())) {
    place = std::lower_bound(first, last, exchange.seq(),
                             [](const InFlight& a, Seq seq) { return a.seq() < seq; });
    HERMOD_ASSERT(place->seq() != exchange.seq() || place->phase() == InFlight::Phase::Gone);
    std::move_backward(place, last, last + 1);
  }
  *place = exchange;
  ++end_;
  ++size_;
  return *place;
}

std::span<InFlight> InFlightWindow::from(Seq from) {
  const std::span<InFlight> window = all();
  const auto first = std::lower_bound(window.begin(), window.end(), from,
                                      [](const InFlight& a, Seq seq) { return a.seq() < seq; });
  return window.subspan(static_cast<std::size_t>(first - window.begin()));
}

const InFlight* InFlightWindow::find(Seq seq) const {
  const std::span<const InFlight> window = all();
  // The front is nearly always the one that is asked for.
  auto at = window.begin();
  if (!window.empty() && at->seq() < seq)
    at = std::lower_bound(window.begin(), window.end(), seq,
                          [](const InFlight& a, Seq wanted) { return a.seq() < wanted; });
  // A gap that was left where an exchange was put in again has the same sequence.
  while (at != window.end() && at->seq() == seq && at->phase() == InFlight::Phase::Gone) ++at;
  return at != window.end() && at->seq() == seq ? &*at : nullptr;
}

InFlight* InFlightWindow::find(Seq seq) {
  return const_cast<InFlight*>(std::as_const(*this).find(seq));
}

const InFlight* InFlightWindow::find(wire::PacketId id) const {
  if (empty() || id.v == 0) return nullptr;
  return find(seq_for(id, all().front().seq()));
}

InFlight* InFlightWindow::find(wire::PacketId id) {
  return const_cast<InFlight*>(std::as_const(*this).find(id));
}

void InFlightWindow::erase(InFlight* exchange) {
  exchange->set_phase(InFlight::Phase::Gone);
  if (--size_ == 0) {
    std::vector<InFlight>().swap(heap_);
    begin_ = end_ = 0;
    return;
  }
  InFlight* const words = data();
  while (words[begin_].phase() == InFlight::Phase::Gone) ++begin_;
  while (words[end_ - 1].phase() == InFlight::Phase::Gone) --end_;
}

void InFlightWindow::make_room_at_end() {
  if (end_ < capacity()) return;
  if (size_ <= capacity() / 2) return close_gaps();
  const std::size_t bigger = heap_.empty() ? kFirstHeap : 2 * heap_.size();
  std::vector<InFlight> words(bigger);
  std::copy(data() + begin_, data() + end_, words.begin());
  end_ -= begin_;
  begin_ = 0;
  heap_ = std::move(words);
}

void InFlightWindow::close_gaps() {
  InFlight* const words = data();
  InFlight* const end = std::remove_if(words + begin_, words + end_, [](const InFlight& exchange) {
    return exchange.phase() == InFlight::Phase::Gone;
  });
  end_ = static_cast<std::uint32_t>(std::move(words + begin_, end, words) - words);
  begin_ = 0;
}

}  // namespace hermod::qos
