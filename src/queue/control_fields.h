#pragma once
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace hermod::queue {

/// What is repeated of a field that somebody made up.
std::string shown_field(const std::string& field);

/// What check() says of an option, as it is said of the field of a command: "options.lanes: ...".
Error about_field(const Error& fault);

/// The fields of one command in JSON. Each read is of one field; the first thing that is wrong is kept, and
/// what is read then is some value that means nothing: check status() behind the last read. A view of the
/// object.
class ControlFields {
 public:
  /// Precondition: an object.
  explicit ControlFields(const nlohmann::json& object) : object_(object) {}

  /// One that has to be there.
  std::string queue_name(std::string_view field);
  std::optional<std::string> optional_queue_name(std::string_view field);
  std::optional<std::string> text(std::string_view field);
  bool flag(std::string_view field);
  std::optional<std::uint64_t> number(std::string_view field, std::uint64_t least, std::uint64_t most);
  /// Topic filters: one text or a list of them.
  std::optional<std::vector<std::string>> texts(std::string_view field);
  /// All fields that have not been read: names, and values as text.
  std::vector<std::pair<std::string, std::string>> rest();
  /// Null: it is not there.
  const nlohmann::json* object(std::string_view field);

  void refuse(std::string_view field, std::string_view what);
  /// Also wrong: a field that nobody has read. Errors: Invalid, with the field first.
  Status status();

 private:
  const nlohmann::json* find(std::string_view field);

  const nlohmann::json& object_;
  std::vector<std::string_view> read_;
  Status status_;
};

}  // namespace hermod::queue
