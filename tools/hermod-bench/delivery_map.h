#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "stream_check.h"

namespace hermod::bench {

/// Which messages of one publisher reached one consumer of a queue: a bit for each. Unlike StreamCheck it
/// does not mind how many gaps there are, and a consumer of a queue sees only what others do not get. Owned
/// by the consumer, used on its thread.
class DeliveryMap {
 public:
  /// Numbers from here on are not followed: no run is as long, so the payload is somebody else's.
  static constexpr std::uint64_t kLimit = std::uint64_t{1} << 36;

  /// False: it was here before. Precondition: below kLimit.
  bool mark(std::uint64_t sequence);
  std::uint64_t received() const { return received_; }

 private:
  friend GroupResult merge_consumers(std::span<const DeliveryMap* const> consumers, std::uint64_t sent);

  std::vector<std::uint64_t> words_;
  std::uint64_t received_ = 0;
};

/// The messages of 0 .. `sent` - 1 that no consumer received, and those that more than one received.
GroupResult merge_consumers(std::span<const DeliveryMap* const> consumers, std::uint64_t sent);

}  // namespace hermod::bench
