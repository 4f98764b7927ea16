#pragma once
#include <concepts>
#include <string>
#include <string_view>
#include <vector>

namespace hermod::bench {

/// One flat JSON object on one line, built field by field.
class JsonLine {
 public:
  void add(std::string_view key, std::string_view text);
  void add(std::string_view key, const char* text) { add(key, std::string_view(text)); }
  void add(std::string_view key, double number);
  template <std::integral N>
  void add(std::string_view key, N number) {
    add_raw(key, std::to_string(number));
  }
  void add(std::string_view key, const std::vector<std::string>& texts);
  std::string str() const { return "{" + fields_ + "}"; }

 private:
  void add_raw(std::string_view key, std::string_view value);

  std::string fields_;
};

}  // namespace hermod::bench
