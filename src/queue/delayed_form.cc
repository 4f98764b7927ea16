#include "queue/delayed_form.h"

#include <algorithm>
#include <string>

#include "queue/decimal.h"

namespace hermod::queue {
namespace {

constexpr std::string_view kDelayedPrefix = "$delayed/";
constexpr std::string_view kDelayLevel = "delay-level";
constexpr std::uint64_t kLongestDelay = 42'949'670;
/// The end of the year 9999; microseconds of it fit into every number here.
constexpr std::uint64_t kLastTimeOfDay = 253'402'300'799;
constexpr std::size_t kMostDigits = 12;

/// More digits than any of these has are a mistake, also in front of a small number.
std::optional<std::uint64_t> short_decimal(std::string_view text) {
  return text.size() <= kMostDigits ? decimal(text, kLastTimeOfDay) : std::nullopt;
}

}  // namespace

bool is_delayed_form(std::string_view topic) {
  return topic.starts_with(kDelayedPrefix);
}

Result<DelayedForm> DelayedForm::parse(std::string_view text) {
  const std::string_view rest = text.substr(kDelayedPrefix.size());
  const std::size_t slash = rest.find('/');
  const auto seconds = short_decimal(rest.substr(0, slash));
  if (!seconds)
    return failure(Errc::Invalid, "seconds, or a Unix time, in decimal digits are expected behind $delayed/");
  if (slash == std::string_view::npos || slash + 1 == rest.size())
    return failure(Errc::Invalid, "a topic is expected behind $delayed/<seconds>/");
  const std::string_view topic = rest.substr(slash + 1);
  if (topic.starts_with('$'))
    return failure(Errc::Invalid, "the topic behind $delayed/<seconds>/ may not begin with $");
  if (topic.find_first_of("+#") != std::string_view::npos)
    return failure(Errc::Invalid, "the topic behind $delayed/<seconds>/ has a wildcard");
  return DelayedForm{*seconds, topic};
}

DelayedTime DelayedForm::time_from(WallTime now) const {
  const std::chrono::seconds whole{seconds};
  if (seconds <= kLongestDelay) return DelayedTime::after(whole, now);
  return {DelayedTime::Kind::TimeOfDay, WallTime{whole}, now};
}

Result<std::optional<std::chrono::seconds>> wanted_delay(const wire::UserProperties& properties,
                                                         const DelayLevels& levels) {
  for (const wire::UserProperty property : properties) {
    if (property.name != kDelayLevel) continue;
    const auto level = short_decimal(property.value);
    if (!level || *level == 0 || *level > levels.size())
      return failure(Errc::Invalid,
                     "delay-level: a number from 1 to " + std::to_string(levels.size()) + " is expected");
    return levels[*level - 1];
  }
  return std::nullopt;
}

}  // namespace hermod::queue
