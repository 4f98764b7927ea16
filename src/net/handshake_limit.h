#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "net/options.h"
#include "net/socket_address.h"

namespace hermod::net {

/// How many TLS handshakes may begin per second, in all and from one address; shared by all shards without a
/// lock. Above the total a handshake gets its place in the line; above an address's share it is refused.
/// Addresses share a fixed table: two that fall together have one share between them, and IPv6 counts by its
/// first 64 bits, which are one customer. Lives as long as the broker.
class HandshakeLimit {
 public:
  /// `seed` keeps strangers from choosing who shares a place with whom.
  HandshakeLimit(const TlsLimits& limits, std::uint64_t seed);

  struct Answer {
    enum class What : std::uint8_t { Now, Later, Refused } what = What::Now;
    MonotonicTime at{};         ///< Later: when it is its turn
    const char* why = nullptr;  ///< Refused: the limit that is reached
  };
  /// Asked once for each handshake, when its first bytes are there. `end`: when its time is over. Its turn
  /// comes while at least half of the time is left, or a full line would admit none but those that are late.
  Answer ask(MonotonicTime now, MonotonicTime end, const SocketAddress& address);

 private:
  using Nanoseconds = std::atomic<std::int64_t>;

  /// The place of an address.
  Nanoseconds& cell_for(const SocketAddress& address);

  const TlsLimits limits_;
  const std::uint64_t seed_;
  /// When the next may begin if everybody kept the distance (a virtual schedule), in nanoseconds.
  Nanoseconds next_{0};
  std::unique_ptr<Nanoseconds[]> by_address_;  ///< null: no limit by address
};

}  // namespace hermod::net
