#include "queue/delayed_options.h"

#include <algorithm>

#include "base/units.h"

namespace hermod::queue {
namespace {

constexpr std::int64_t kMillisPerSecond = 1000;
constexpr std::int64_t kLongestLevel = 42'949'670 * kMillisPerSecond;
constexpr std::size_t kMostLevels = 100;

}  // namespace

Result<DelayLevels> parse_delay_levels(std::string_view text) {
  DelayLevels levels;
  while (!text.empty()) {
    const std::size_t space = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, space);
    text.remove_prefix(std::min(space + 1, text.size()));
    if (word.empty()) continue;
    const auto duration = parse_duration(word);
    if (!duration) return tl::unexpected(duration.error());
    if (*duration < 0 || *duration > kLongestLevel || *duration % kMillisPerSecond != 0)
      return failure(Errc::Invalid,
                     "\"" + std::string(word) + "\" is no delay in whole seconds, 42949670s at most");
    levels.emplace_back(*duration / kMillisPerSecond);
  }
  if (levels.empty() || levels.size() > kMostLevels)
    return failure(Errc::Invalid,
                   "1 to 100 durations with a space between them are expected, such as 1s 5s 1m");
  return levels;
}

std::string delay_levels_text(const DelayLevels& levels) {
  std::string out;
  for (const std::chrono::seconds level : levels)
    out += (out.empty() ? "" : " ") + duration_text(level.count() * kMillisPerSecond);
  return out;
}

}  // namespace hermod::queue
