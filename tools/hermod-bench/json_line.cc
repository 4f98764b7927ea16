#include "json_line.h"

#include <cstdio>

namespace hermod::bench {
namespace {

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      out += escape;
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace

void JsonLine::add_raw(std::string_view key, std::string_view value) {
  if (!fields_.empty()) fields_ += ",";
  fields_ += quoted(key) + ":";
  fields_ += value;
}

void JsonLine::add(std::string_view key, std::string_view text) {
  add_raw(key, quoted(text));
}

void JsonLine::add(std::string_view key, double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", number);
  add_raw(key, text);
}

void JsonLine::add(std::string_view key, const std::vector<std::string>& texts) {
  std::string list;
  for (const std::string& text : texts) list += (list.empty() ? "" : ",") + quoted(text);
  add_raw(key, "[" + list + "]");
}

}  // namespace hermod::bench
