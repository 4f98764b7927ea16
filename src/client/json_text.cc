#include "client/json_text.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <vector>

#include "wire/utf8.h"

namespace hermod::client {
namespace {

/// How many bytes the UTF-8 character at the front has; 0 when there is none.
std::size_t character_size(std::string_view text) {
  for (std::size_t size = 1; size <= 4 && size <= text.size(); ++size)
    if (wire::is_valid_utf8(as_bytes(text.substr(0, size)))) return size;
  return 0;
}

/// Walks over one JSON text; holds what is open on a stack of its own, so that deep nesting costs no stack.
class JsonWalk {
 public:
  explicit JsonWalk(std::string_view text) : rest_(text) {}

  bool is_one_value() {
    if (!value()) return false;
    while (!open_.empty())
      if (!continue_inside()) return false;
    skip_space();
    return rest_.empty();
  }

 private:
  static constexpr std::size_t kDeepest = 256;

  void skip_space() {
    const std::size_t begin = rest_.find_first_not_of(" \t\r\n");
    rest_.remove_prefix(begin == std::string_view::npos ? rest_.size() : begin);
  }
  bool take(char c) {
    skip_space();
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool take(std::string_view word) {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }

  /// A whole scalar, or the beginning of an object or array with its first value.
  bool value() {
    skip_space();
    while (rest_.starts_with('{') || rest_.starts_with('[')) {
      if (open_.size() == kDeepest) return false;
      const bool is_object = rest_.front() == '{';
      rest_.remove_prefix(1);
      if (take(is_object ? '}' : ']')) return true;
      open_.push_back(is_object ? '}' : ']');
      if (is_object && !member_name()) return false;
      skip_space();
    }
    if (rest_.starts_with('"')) return string();
    return take("true") || take("false") || take("null") || number();
  }
  /// Behind a value inside an object or array: its end, or the next value.
  bool continue_inside() {
    if (take(open_.back())) {
      open_.pop_back();
      return true;
    }
    if (!take(',')) return false;
    return (open_.back() == ']' || member_name()) && value();
  }
  bool member_name() {
    skip_space();
    return string() && take(':');
  }
  bool string() {
    if (!rest_.starts_with('"')) return false;
    std::size_t at = 1;
    for (; at < rest_.size() && rest_[at] != '"'; ++at) {
      if (static_cast<unsigned char>(rest_[at]) < 0x20) return false;
      if (rest_[at] != '\\') continue;
      if (!escape(++at)) return false;
    }
    if (at >= rest_.size() || !wire::is_valid_utf8(as_bytes(rest_.substr(0, at)))) return false;
    rest_.remove_prefix(at + 1);
    return true;
  }
  /// `at` is behind a backslash; moves it to the last character of the escape.
  bool escape(std::size_t& at) const {
    if (at >= rest_.size()) return false;
    if (rest_[at] != 'u') return std::string_view("\"\\/bfnrt").find(rest_[at]) != std::string_view::npos;
    for (int digit = 0; digit < 4; ++digit)
      if (++at >= rest_.size() || std::isxdigit(static_cast<unsigned char>(rest_[at])) == 0) return false;
    return true;
  }
  bool digits() {
    const std::size_t size = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
    rest_.remove_prefix(size);
    return size > 0;
  }
  bool number() {
    if (rest_.starts_with('-')) rest_.remove_prefix(1);
    if (rest_.starts_with('0'))
      rest_.remove_prefix(1);
    else if (!digits())
      return false;
    if (rest_.starts_with('.')) {
      rest_.remove_prefix(1);
      if (!digits()) return false;
    }
    if (rest_.starts_with('e') || rest_.starts_with('E')) {
      rest_.remove_prefix(1);
      if (rest_.starts_with('+') || rest_.starts_with('-')) rest_.remove_prefix(1);
      return digits();
    }
    return true;
  }

  std::string_view rest_;
  std::vector<char> open_;  // what closes each open object or array
};

}  // namespace

std::string json_string(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const char c = text.front();
    const std::size_t size = character_size(text);
    if (size == 0) {
      out += "\\ufffd";
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      static constexpr std::string_view kShort = "\b\f\n\r\t";
      if (const std::size_t at = kShort.find(c); at != std::string_view::npos) {
        out += '\\';
        out += "bfnrt"[at];
      } else {
        char escape[8];
        std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
        out += escape;
      }
    } else {
      out += text.substr(0, size);
    }
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return out + '"';
}

bool is_json(std::string_view text) {
  return JsonWalk(text).is_one_value();
}

void JsonObject::add(std::string_view name, std::string_view json_value) {
  if (!members_.empty()) members_ += ',';
  if (pretty_) {
    members_ += '\n';
    members_.append(static_cast<std::size_t>(depth_) + 1, '\t');
  }
  members_ += json_string(name) + (pretty_ ? ":\t" : ":");
  members_ += json_value;
}

std::string JsonObject::str() const {
  if (!pretty_ || members_.empty()) return "{" + members_ + "}";
  return "{" + members_ + "\n" + std::string(static_cast<std::size_t>(depth_), '\t') + "}";
}

}  // namespace hermod::client
