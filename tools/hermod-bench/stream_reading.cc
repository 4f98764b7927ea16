#include "stream_reading.h"

namespace hermod::bench {

bool StreamReading::on_message(std::optional<std::uint64_t> offset, std::optional<std::uint64_t> seq,
                               const Stamp& stamp) {
  if (!offset || seq != stamp.seq()) {
    ++counts_.unnumbered;
    return false;
  }
  const OffsetCheck::Arrival place = offsets_.on_offset(*offset);
  const StreamCheck::Arrival arrival = producers_[stamp.publisher].on_message(stamp.sequence);
  const bool is_known = arrival == StreamCheck::Arrival::Duplicate;
  if (place == OffsetCheck::Arrival::Backwards) {
    ++counts_.backwards;
    return !is_known;
  }
  if (place == OffsetCheck::Arrival::Again) {
    ++(is_known ? counts_.again : counts_.changed);
    return !is_known;
  }
  if (is_known) ++counts_.duplicates;
  if (arrival == StreamCheck::Arrival::Late)
    ++(stamp.after_refusal ? counts_.late_after_refusal : counts_.late);
  return !is_known;
}

}  // namespace hermod::bench
