#include "output.h"

#include <algorithm>

#include "client/json_text.h"

namespace hermod::ctl {

std::string plain_value(const std::string& json) {
  const bool quoted = json.size() >= 2 && json.front() == '"' && json.back() == '"';
  if (!quoted || json.size() == 2) return json;
  const std::string inner = json.substr(1, json.size() - 2);
  return inner.find_first_of(" \\=\"") == std::string::npos ? inner : json;
}

std::string number(std::uint64_t value) {
  return std::to_string(value);
}

std::string text(std::string_view value) {
  return client::json_string(value);
}

std::string flag(bool value) {
  return value ? "true" : "false";
}

std::string json_line(const Fields& fields) {
  client::JsonObject object(/*pretty=*/false, 0);
  for (const Field& field : fields) object.add(field.name, field.json);
  return object.str() + "\n";
}

std::string plain_line(const Fields& fields) {
  std::string line;
  for (const Field& field : fields) {
    if (!line.empty()) line += ' ';
    line += field.name + "=" + plain_value(field.json);
  }
  return line + "\n";
}

std::string plain_list(const Fields& fields) {
  std::size_t width = 0;
  for (const Field& field : fields) width = std::max(width, field.name.size());
  std::string lines;
  for (const Field& field : fields)
    lines += field.name + std::string(width + 2 - field.name.size(), ' ') + plain_value(field.json) + "\n";
  return lines;
}

}  // namespace hermod::ctl
