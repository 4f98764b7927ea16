#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace hermod::queue {

/// How much may pass: `per_second` on the average, `burst` at once.
struct Rate {
  std::uint32_t per_second = 0;
  std::uint32_t burst = 0;

  /// "100/s burst 200"; without a burst it is one second's worth. Both from 1 to 1,000,000. Errors:
  /// Invalid.
  static Result<Rate> parse(std::string_view text);
  /// What parse() turns into this again.
  std::string text() const;
  friend bool operator==(const Rate&, const Rate&) = default;
};

/// Lets messages pass at a Rate. Full at the beginning; counts in nanoseconds, so that no fraction of a token
/// is lost however often it is asked. Reads no clock. A value of one thread.
class TokenBucket {
 public:
  TokenBucket(const Rate& rate, MonotonicTime now) : rate_(rate), full_at_(now) {}

  /// Takes one token. False: there is none before next_token(now).
  bool take(MonotonicTime now);
  /// What was taken was not used.
  void give_back() { full_at_ -= cost(); }
  /// Whether take(now) would give one.
  bool has_token(MonotonicTime now) const { return next_token(now) <= now; }
  /// When there will be a token; `now` if there is one.
  MonotonicTime next_token(MonotonicTime now) const;
  const Rate& rate() const { return rate_; }

 private:
  std::chrono::nanoseconds cost() const { return std::chrono::nanoseconds(1'000'000'000 / rate_.per_second); }
  std::chrono::nanoseconds depth() const { return cost() * rate_.burst; }

  Rate rate_;
  MonotonicTime full_at_;  ///< when it will be full, if nothing more is taken
};

}  // namespace hermod::queue
