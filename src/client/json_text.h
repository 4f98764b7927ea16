#pragma once
#include <string>
#include <string_view>

namespace hermod::client {

/// `text` as a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD.
std::string json_string(std::string_view text);
/// Whether `text` is one JSON value (RFC 8259), nested at most 256 deep.
bool is_json(std::string_view text);

/// An object of JSON being built, on one line or, when pretty, with a line per member.
class JsonObject {
 public:
  /// `depth`: of this object inside the outermost one.
  JsonObject(bool pretty, int depth) : pretty_(pretty), depth_(depth) {}
  void add(std::string_view name, std::string_view json_value);
  bool empty() const { return members_.empty(); }
  std::string str() const;

 private:
  bool pretty_;
  int depth_;
  std::string members_;
};

}  // namespace hermod::client
