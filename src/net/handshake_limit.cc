#include "net/handshake_limit.h"

#include <algorithm>

namespace hermod::net {
namespace {

constexpr std::size_t kCells = 1U << 14;
constexpr std::int64_t kSecond = 1'000'000'000;

/// Takes the next place of a schedule with `rate` places a second, of which a second's worth may be used at
/// once. Returns how long the place is away; nothing is taken when that is more than `patience`.
std::int64_t take_place(std::atomic<std::int64_t>& next, std::int64_t now, std::uint32_t rate,
                        std::int64_t patience) {
  const std::int64_t distance = std::max<std::int64_t>(kSecond / rate, 1);
  std::int64_t seen = next.load(std::memory_order_relaxed);
  for (;;) {
    // Unused places of the last second are still there, older ones are not.
    const std::int64_t place = std::max(seen, now - kSecond + distance);
    if (place - now > patience) return place - now;
    if (next.compare_exchange_weak(seen, place + distance, std::memory_order_relaxed)) return place - now;
  }
}

}  // namespace

HandshakeLimit::HandshakeLimit(const TlsLimits& limits, std::uint64_t seed) : limits_(limits), seed_(seed) {
  if (limits.max_handshakes_per_second_per_address > 0) {
    by_address_ = std::make_unique<Nanoseconds[]>(kCells);
  }
}

HandshakeLimit::Nanoseconds& HandshakeLimit::cell_for(const SocketAddress& address) {
  std::uint64_t h = address.network() ^ seed_;
  for (int round = 0; round < 2; ++round) {  // the finalizer of SplitMix64
    h = (h ^ (h >> 30)) * 0xBF58476D1CE4E5B9ULL;
    h = (h ^ (h >> 27)) * 0x94D049BB133111EBULL;
    h = (h ^ (h >> 31)) + seed_;
  }
  return by_address_[h % kCells];
}

HandshakeLimit::Answer HandshakeLimit::ask(MonotonicTime now, MonotonicTime end,
                                           const SocketAddress& address) {
  const std::int64_t at = now.time_since_epoch().count();
  if (by_address_ != nullptr &&
      take_place(cell_for(address), at, limits_.max_handshakes_per_second_per_address, 0) > 0)
    return {.what = Answer::What::Refused, .why = "tls.max_handshakes_per_second_per_address is reached"};
  if (limits_.max_handshakes_per_second == 0) return {};
  const std::int64_t patience = std::max<std::int64_t>((end - now).count(), 0) / 2;
  const std::int64_t wait = take_place(next_, at, limits_.max_handshakes_per_second, patience);
  if (wait <= 0) return {};
  if (wait > patience)
    return {.what = Answer::What::Refused, .why = "tls.max_handshakes_per_second is reached"};
  return {.what = Answer::What::Later, .at = now + std::chrono::nanoseconds(wait)};
}

}  // namespace hermod::net
