#include "queue/settlement.h"

#include <algorithm>

#include "base/assert.h"
#include "base/units.h"

namespace hermod::queue {
namespace {

using std::chrono::milliseconds;
using wire::ReasonCode;

constexpr std::size_t kMostPauses = 64;

}  // namespace

Outcome outcome_for(ReasonCode reason) {
  if (!wire::is_failure(reason)) return Outcome::Done;
  switch (reason) {
    case ReasonCode::NotAuthorized:
    case ReasonCode::TopicNameInvalid:
    case ReasonCode::PayloadFormatInvalid:
      return Outcome::Rejected;
    default:  // what else a consumer may say is about itself, not about the message
      return Outcome::RetryLater;
  }
}

std::string_view name_of(DeathReason reason) {
  switch (reason) {
    case DeathReason::Rejected:
      return "rejected";
    case DeathReason::Expired:
      return "expired";
    case DeathReason::MaxLength:
      return "maxlen";
    case DeathReason::DeliveryLimit:
      return "delivery_limit";
  }
  return "";
}

RetryPolicy::RetryPolicy() {
  using namespace std::chrono_literals;
  pauses_ = {10s, 30s, 1min, 2min, 3min, 4min, 5min, 6min, 7min, 8min, 9min, 10min, 20min, 30min, 1h, 2h};
}

Result<RetryPolicy> RetryPolicy::parse(std::string_view text) {
  std::vector<milliseconds> pauses;
  if (text == "none") return RetryPolicy(std::move(pauses));
  for (bool more = true; more;) {
    const std::size_t space = text.find(' ');
    const auto pause = parse_duration(text.substr(0, space));
    if (!pause) return failure(Errc::Invalid, "pauses such as 10s 30s 1m are expected, or none");
    if (milliseconds(*pause) > kLongestPause) return failure(Errc::Invalid, "a pause is 30 days at most");
    if (pauses.size() == kMostPauses) return failure(Errc::Invalid, "64 pauses at most");
    pauses.emplace_back(*pause);
    more = space != std::string_view::npos;
    if (more) text.remove_prefix(space + 1);
  }
  return RetryPolicy(std::move(pauses));
}

std::string RetryPolicy::text() const {
  if (pauses_.empty()) return "none";
  std::string out;
  for (const milliseconds pause : pauses_) {
    if (!out.empty()) out += ' ';
    out += duration_text(pause.count());
  }
  return out;
}

milliseconds RetryPolicy::pause_before(std::uint32_t redelivery) const {
  HERMOD_ASSERT(redelivery >= 1);
  if (pauses_.empty()) return milliseconds{0};
  return pauses_[std::min<std::size_t>(redelivery, pauses_.size()) - 1];
}

Verdict judge(Outcome outcome, std::uint32_t deliveries, std::optional<std::chrono::seconds> retry_after,
              const RetryPolicy& retry, std::uint32_t max_deliveries) {
  HERMOD_ASSERT(deliveries >= 1 && max_deliveries >= 1);
  if (outcome == Outcome::Done) return {.what = Verdict::What::Remove};
  if (outcome == Outcome::Rejected) return {.what = Verdict::What::Die, .reason = DeathReason::Rejected};
  if (deliveries >= max_deliveries) return {.what = Verdict::What::Die, .reason = DeathReason::DeliveryLimit};
  if (outcome == Outcome::ConnectionLost) return {.what = Verdict::What::Again};
  milliseconds pause = retry.pause_before(deliveries);
  if (outcome == Outcome::RetryLater && retry_after)
    pause = std::clamp<std::chrono::seconds>(*retry_after, std::chrono::seconds{0}, kLongestPause);
  return {.what = Verdict::What::Again, .pause = pause};
}

}  // namespace hermod::queue
