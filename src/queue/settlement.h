#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "wire/types.h"

namespace hermod::queue {

/// How a delivery ended.
enum class Outcome : std::uint8_t {
  Done,            ///< acknowledged
  RetryLater,      ///< the consumer cannot take it now
  Rejected,        ///< the consumer will never take it
  TimedOut,        ///< no answer within ack_timeout
  ConnectionLost,  ///< or given back in another way for which the message is not to blame
};

/// What a consumer says with its PUBACK or PUBREC.
Outcome outcome_for(wire::ReasonCode reason);

/// Why a message became a dead letter.
enum class DeathReason : std::uint8_t { Rejected, Expired, MaxLength, DeliveryLimit };
/// "rejected", "expired", "maxlen", "delivery_limit".
std::string_view name_of(DeathReason reason);

/// One death in a message's history.
struct Death {
  std::string queue;
  DeathReason reason{};
  std::uint32_t deliveries = 0;
  WallTime at{};
  friend bool operator==(const Death&, const Death&) = default;
};

/// The pauses between deliveries of one message.
class RetryPolicy {
 public:
  /// 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h
  RetryPolicy();
  explicit RetryPolicy(std::vector<std::chrono::milliseconds> pauses) : pauses_(std::move(pauses)) {}
  /// Durations with single spaces between them; "none" for no pauses at all. Errors: Invalid, also above 64
  /// pauses or 30 days.
  static Result<RetryPolicy> parse(std::string_view text);
  std::string text() const;

  /// Before the n-th redelivery, n from 1; behind the end of the list its last one goes on.
  std::chrono::milliseconds pause_before(std::uint32_t redelivery) const;
  friend bool operator==(const RetryPolicy&, const RetryPolicy&) = default;

 private:
  std::vector<std::chrono::milliseconds> pauses_;
};

/// The longest pause, whoever asks for it.
inline constexpr std::chrono::hours kLongestPause{30 * 24};

/// What becomes of a message whose delivery ended.
struct Verdict {
  enum class What : std::uint8_t { Remove, Again, Die };
  What what{};
  std::chrono::milliseconds pause{};  ///< Again: zero means at once
  DeathReason reason{};               ///< Die
  friend bool operator==(const Verdict&, const Verdict&) = default;
};

/// `deliveries` counts the one that ended. `retry_after` is what the consumer asked for instead of the
/// policy's pause. A lost connection costs no pause but counts, so that a message which kills its consumers
/// dies. Preconditions: deliveries >= 1, max_deliveries >= 1.
Verdict judge(Outcome outcome, std::uint32_t deliveries, std::optional<std::chrono::seconds> retry_after,
              const RetryPolicy& retry, std::uint32_t max_deliveries);

}  // namespace hermod::queue
