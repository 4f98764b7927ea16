#include "delivery_map.h"

#include <algorithm>
#include <bit>

namespace hermod::bench {

bool DeliveryMap::mark(std::uint64_t sequence) {
  const std::uint64_t at = sequence / 64;
  if (at >= words_.size()) words_.resize(at + 1);
  const std::uint64_t bit = std::uint64_t{1} << (sequence % 64);
  if ((words_[at] & bit) != 0) return false;
  words_[at] |= bit;
  ++received_;
  return true;
}

GroupResult merge_consumers(std::span<const DeliveryMap* const> consumers, std::uint64_t sent) {
  std::vector<std::uint64_t> any;
  std::uint64_t copies = 0;
  for (const DeliveryMap* consumer : consumers) {
    any.resize(std::max(any.size(), consumer->words_.size()));
    for (std::size_t at = 0; at < consumer->words_.size(); ++at) any[at] |= consumer->words_[at];
    copies += consumer->received();
  }
  std::uint64_t distinct = 0;
  for (const std::uint64_t word : any) distinct += static_cast<std::uint64_t>(std::popcount(word));
  return {sent - std::min(sent, distinct), copies - distinct};
}

}  // namespace hermod::bench
