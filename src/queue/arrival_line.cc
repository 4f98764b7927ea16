#include "queue/arrival_line.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace hermod::queue {

void ArrivalLine::wait(Seq seq, QueueEntry entry) {
  HERMOD_ASSERT(waiting_.empty() || waiting_.back().seq < seq);
  waiting_.push_back({seq, std::move(entry)});
}

void ArrivalLine::on_durable(Seq last) {
  durable_end_ = std::max(durable_end_, Seq{last.v + 1});
}

std::optional<ArrivalLine::Arrival> ArrivalLine::on_failed(Seq seq) {
  const auto found =
      std::find_if(waiting_.begin(), waiting_.end(), [seq](const Arrival& one) { return one.seq == seq; });
  if (found == waiting_.end()) return std::nullopt;
  Arrival failed = std::move(*found);
  waiting_.erase(found);
  return failed;
}

std::optional<ArrivalLine::Arrival> ArrivalLine::take_next() {
  if (waiting_.empty() || durable_end_ <= waiting_.front().seq) next_ = std::max(next_, durable_end_);
  if (waiting_.empty()) return std::nullopt;
  Arrival& first = waiting_.front();
  first.is_durable = first.seq < durable_end_;
  if (first.seq != next_ && !first.is_durable) return std::nullopt;
  Arrival taken = std::move(first);
  waiting_.pop_front();
  on_came(taken.seq);
  return taken;
}

}  // namespace hermod::queue
