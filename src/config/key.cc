#include "config/key.h"

#include <algorithm>

#include "base/units.h"
#include "config/edit_distance.h"

namespace hermod::config {
namespace {

std::string toml_quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      constexpr std::string_view kHex = "0123456789abcdef";
      out += "\\u00";
      out += kHex[static_cast<unsigned char>(c) >> 4U];
      out += kHex[static_cast<unsigned char>(c) & 0x0FU];
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string joined(std::span<const std::string_view> words) {
  std::string out;
  for (const std::string_view word : words) out += (out.empty() ? "" : ", ") + std::string(word);
  return out;
}

/// How `expected` reads in a message about a value of the wrong type.
std::string_view noun_for(Kind kind) {
  switch (kind) {
    case Kind::Switch:
      return "true or false, without quotes, is expected";
    case Kind::Integer:
      return "a whole number, without quotes, is expected";
    case Kind::Size:
      return "a size such as 512, \"64KiB\" or \"10MB\" is expected";
    case Kind::Duration:
      return "a duration such as \"500ms\", \"30s\" or \"7d\" is expected";
    case Kind::Choice:
    case Kind::Text:
      return "a text in quotes is expected";
  }
  return "";
}

Result<Value> parse_untyped(const Key& key, const std::string& text) {
  switch (key.kind) {
    case Kind::Switch:
      if (text == "true") return Value{true};
      if (text == "false") return Value{false};
      return failure(Errc::Invalid, "true or false is expected");
    case Kind::Integer:
      return parse_integer(text).map([](std::int64_t n) { return Value{n}; });
    case Kind::Size:
      return parse_size(text).map([](std::int64_t n) { return Value{n}; });
    case Kind::Duration:
      if (key.never >= 0 && text == "never") return Value{key.never};
      return parse_duration(text).map([](std::int64_t n) { return Value{n}; });
    case Kind::Choice:
    case Kind::Text:
      return Value{text};
  }
  return failure(Errc::Invalid, "unknown kind of key");
}

/// A value whose source says its type: only that type, or a text for the kinds that have units.
Result<Value> take_typed(const Key& key, const Value& given) {
  const auto* text = std::get_if<std::string>(&given);
  const auto* number = std::get_if<std::int64_t>(&given);
  switch (key.kind) {
    case Kind::Switch:
      if (std::holds_alternative<bool>(given)) return given;
      break;
    case Kind::Integer:
      if (number != nullptr) return given;
      break;
    case Kind::Size:
      if (number != nullptr) return given;
      if (text != nullptr) return parse_untyped(key, *text);
      break;
    case Kind::Duration:
      if (number != nullptr && *number == 0) return given;
      if (text != nullptr) return parse_untyped(key, *text);
      break;
    case Kind::Choice:
    case Kind::Text:
      if (text != nullptr) return given;
      break;
  }
  return failure(Errc::Invalid, std::string(noun_for(key.kind)));
}

}  // namespace

std::string Key::plain_text(const Value& value) const {
  if (const auto* on = std::get_if<bool>(&value)) return *on ? "true" : "false";
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  const std::int64_t number = std::get<std::int64_t>(value);
  if (kind == Kind::Size) return size_text(number);
  if (kind == Kind::Duration) return number == never ? "never" : duration_text(number);
  return std::to_string(number);
}

std::string Key::toml_text(const Value& value) const {
  const bool bare = kind == Kind::Switch || kind == Kind::Integer;
  return bare ? plain_text(value) : toml_quoted(plain_text(value));
}

std::string Key::range_text() const {
  if (kind == Kind::Choice) return "one of " + joined(choices);
  if (kind == Kind::Text) return std::string(forms);
  if (kind == Kind::Switch) return "";
  return plain_text(Value{least}) + " to " + plain_text(Value{most});
}

Result<Value> Key::accept(const Value& given, bool typed) const {
  Result<Value> value = typed ? take_typed(*this, given) : parse_untyped(*this, std::get<std::string>(given));
  if (!value) return value;
  if (const auto* number = std::get_if<std::int64_t>(&*value)) {
    if (*number < least || *number > most) {
      return failure(Errc::Invalid, plain_text(*value) + " is outside of " + range_text());
    }
    if (*number % step != 0)
      return failure(Errc::Invalid, "only multiples of " + duration_text(step) + " are possible");
  }
  if (kind == Kind::Choice && std::ranges::find(choices, std::get<std::string>(*value)) == choices.end()) {
    return failure(Errc::Invalid, toml_quoted(std::get<std::string>(*value)) + " is not " + range_text());
  }
  if (check != nullptr) {
    if (Status checked = check(std::get<std::string>(*value)); !checked)
      return tl::unexpected(checked.error());
  }
  return value;
}

const Key* find_key(std::string_view name) {
  const auto found = std::ranges::find(keys(), name, &Key::name);
  return found == keys().end() ? nullptr : &*found;
}

std::string nearest_key(std::string_view name) {
  // The right key under the wrong section is closer to what was meant than any other spelling.
  const std::string_view short_name =
      name.substr(name.find('.') == std::string_view::npos ? 0 : name.find('.') + 1);
  std::size_t best = name.size() / 4 + 2;
  std::string nearest;
  for (const Key& key : keys()) {
    if (key.short_name() == short_name) return std::string(key.name);
    const std::size_t distance = edit_distance(name, key.name);
    if (distance < best) {
      best = distance;
      nearest = key.name;
    }
  }
  return nearest;
}

}  // namespace hermod::config
