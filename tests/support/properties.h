#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/mqtt_names.h"

namespace hermod::support {

struct Property {
  std::uint8_t id = 0;
  std::uint64_t number = 0;  ///< value of the integer types
  std::string text;          ///< value of strings and binary data; name of a User Property
  std::string value;         ///< value of a User Property

  friend bool operator==(const Property&, const Property&) = default;
};

/// The properties of one packet in wire order. A plain value; what is added is encoded as asked,
/// repeated or not allowed, so that tests can build wrong packets too.
class Properties {
 public:
  Properties& add(std::uint8_t id, std::uint64_t number);
  Properties& add(std::uint8_t id, std::string_view text);
  Properties& user(std::string_view name, std::string_view value);

  bool has(std::uint8_t id) const;
  std::optional<std::uint64_t> number(std::uint8_t id) const;
  std::optional<std::string> text(std::uint8_t id) const;
  std::vector<std::uint64_t> numbers(std::uint8_t id) const;
  std::vector<std::pair<std::string, std::string>> users() const;
  const std::vector<Property>& all() const { return list_; }

  /// With the length in front, as in a packet.
  std::string encoded() const;
  /// Reads a length and that many bytes from `body` at `at`, and moves `at` behind them.
  /// Throws Unexpected when they are not well formed.
  static Properties parsed(std::string_view body, std::size_t& at);

  friend bool operator==(const Properties&, const Properties&) = default;

 private:
  std::vector<Property> list_;
};

}  // namespace hermod::support
