#include "queue/token_bucket.h"

#include <algorithm>

#include "base/units.h"

namespace hermod::queue {
namespace {

constexpr std::int64_t kHighestRate = 1'000'000;  ///< so that a token costs whole nanoseconds, nearly exactly

Result<std::uint32_t> parse_tokens(std::string_view text) {
  const auto number = parse_integer(text);
  if (!number || *number < 1 || *number > kHighestRate)
    return failure(Errc::Invalid, "a rate such as 100/s or 100/s burst 200 is expected");
  return static_cast<std::uint32_t>(*number);
}

}  // namespace

Result<Rate> Rate::parse(std::string_view text) {
  constexpr std::string_view kPerSecond = "/s";
  constexpr std::string_view kBurst = "/s burst ";
  const std::size_t slash = std::min(text.find('/'), text.size());
  const auto per_second = parse_tokens(text.substr(0, slash));
  if (!per_second) return tl::unexpected(per_second.error());
  const std::string_view rest = text.substr(slash);
  if (rest == kPerSecond) return Rate{*per_second, *per_second};
  const auto burst = parse_tokens(rest.starts_with(kBurst) ? rest.substr(kBurst.size()) : "");
  if (!burst) return tl::unexpected(burst.error());
  return Rate{*per_second, *burst};
}

std::string Rate::text() const {
  std::string out = std::to_string(per_second) + "/s";
  if (burst != per_second) out += " burst " + std::to_string(burst);
  return out;
}

MonotonicTime TokenBucket::next_token(MonotonicTime now) const {
  return std::max(now, full_at_ - depth() + cost());
}

bool TokenBucket::take(MonotonicTime now) {
  if (!has_token(now)) return false;
  full_at_ = std::max(full_at_, now) + cost();
  return true;
}

}  // namespace hermod::queue
