#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/settings.h"
#include "config/value.h"

namespace hermod::config {

/// What it takes to change a key while the broker runs.
enum class Change { Live, Restart };

/// One configuration key: everything that parsing, suggestions and documentation know about it. The list of
/// all keys is static and never changes.
struct Key {
  std::string_view name;  ///< "mqtt.max_packet_size": section, dot, key
  Kind kind{};
  std::int64_t least = 0;  ///< Integer, Size, Duration: inclusive bounds
  std::int64_t most = 0;
  std::int64_t step = 1;    ///< Duration: what the member counts in, milliseconds
  std::int64_t never = -1;  ///< Duration: what the word "never" stands for, the most; -1: not accepted
  std::span<const std::string_view> choices{};  ///< Choice: the words
  std::string_view forms{};                     ///< Text: what it may be, for people; empty: anything
  Status (*check)(std::string_view) = nullptr;  ///< Text: whether it is one of those. Errors: Invalid
  bool is_list = false;                         ///< Text: may be a list, or several separated by commas
  Change change = Change::Restart;
  std::string_view doc;  ///< one or two sentences
  Value (*read)(const Settings&) = nullptr;
  void (*write)(Settings&, const Value&) = nullptr;

  std::string_view section() const { return name.substr(0, name.find('.')); }
  std::string_view short_name() const { return name.substr(name.find('.') + 1); }
  /// The value as it stands in a TOML file: 10, "30s", true, "text".
  std::string toml_text(const Value& value) const;
  /// The value as it is written behind --set.
  std::string plain_text(const Value& value) const;
  /// "1 to 65535", "one of reject, drop-oldest"; empty when anything goes.
  std::string range_text() const;
  /// Checks kind and range. `typed` as in Assignment. Errors: Invalid, saying what is expected.
  Result<Value> accept(const Value& given, bool typed) const;
};

/// Every key, in the order of the reference.
const std::vector<Key>& keys();
/// The key of this name, or nothing.
const Key* find_key(std::string_view name);
/// The known key nearest to a misspelt one; empty when none is near.
std::string nearest_key(std::string_view name);

}  // namespace hermod::config
