#include "config/text_list.h"

#include "base/text.h"

namespace hermod::config {
std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> out;
  if (trimmed(text, " ").empty()) return out;
  for (;;) {
    const std::size_t comma = text.find(',');
    out.emplace_back(trimmed(text.substr(0, comma), " "));
    if (comma == std::string_view::npos) return out;
    text.remove_prefix(comma + 1);
  }
}

std::string list_text(const std::vector<std::string>& texts) {
  std::string out;
  for (std::size_t i = 0; i < texts.size(); ++i) out += (i == 0 ? "" : ", ") + texts[i];
  return out;
}

}  // namespace hermod::config
