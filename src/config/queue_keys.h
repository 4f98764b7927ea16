#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace hermod::config {

/// One key of a section [queues.NAME]. The list is static and never changes; what a key does, and which
/// values it takes, is said in queue/queue_option. A change of one needs a restart.
struct QueueKey {
  std::string_view name;   ///< the last word: "order" of queues.NAME.order
  std::string_view forms;  ///< what it may be, for people
  std::string_view doc;    ///< one or two sentences
  bool is_bare = false;    ///< in TOML it stands without quotes

  /// As it stands behind "name = " in a TOML file. `text` as option_text() has it.
  std::string toml_text(std::string_view text) const;
};

/// Every such key, in the order of the reference.
const std::vector<QueueKey>& queue_keys();
const QueueKey* find_queue_key(std::string_view name);
/// The key nearest to a misspelt one; empty when none is near.
std::string_view nearest_queue_key(std::string_view name);

/// The one key that is no option of queue/queue_option: a list of topic filters.
inline constexpr std::string_view kBindKey = "bind";

}  // namespace hermod::config
