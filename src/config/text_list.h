#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace hermod::config {

/// "a.pem, b.pem" as two texts, without the blanks around them; none when there is nothing.
std::vector<std::string> split_list(std::string_view text);
/// The reverse.
std::string list_text(const std::vector<std::string>& texts);

}  // namespace hermod::config
