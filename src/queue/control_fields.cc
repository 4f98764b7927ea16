#include "queue/control_fields.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "queue/queue_definition.h"

namespace hermod::queue {
namespace {

using nlohmann::json;

/// An option may be written as a text, or as JSON's own number or boolean.
std::optional<std::string> value_text(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "true" : "false";
  if (value.is_number_integer()) return value.dump();
  return std::nullopt;
}

}  // namespace

Error about_field(const Error& fault) {
  constexpr std::string_view kName = "name:";
  if (fault.detail.starts_with(kName)) return {fault.code, "queue:" + fault.detail.substr(kName.size())};
  return {fault.code, "options." + fault.detail};
}

std::string shown_field(const std::string& field) {
  constexpr std::size_t kLongest = 40;
  return field.size() <= kLongest ? field : field.substr(0, kLongest) + "...";
}

const json* ControlFields::find(std::string_view field) {
  read_.push_back(field);
  const auto found = object_.find(field);
  return found == object_.end() ? nullptr : &*found;
}

void ControlFields::refuse(std::string_view field, std::string_view what) {
  if (status_) status_ = failure(Errc::Invalid, std::string(field) + ": " + std::string(what));
}

std::optional<std::string> ControlFields::text(std::string_view field) {
  const json* value = find(field);
  if (value == nullptr) return std::nullopt;
  if (value->is_string()) return value->get<std::string>();
  refuse(field, "a text is expected");
  return std::nullopt;
}

std::optional<std::string> ControlFields::optional_queue_name(std::string_view field) {
  std::optional<std::string> name = text(field);
  if (name && !is_queue_name(*name))
    refuse(field,
           "the name of a queue is a letter or digit, then letters, digits, - . or _, 128 bytes at most");
  return name;
}

std::string ControlFields::queue_name(std::string_view field) {
  const bool was_good = status_.has_value();
  std::optional<std::string> name = optional_queue_name(field);
  if (!name && was_good) refuse(field, "the name of a queue is expected");
  return name.value_or("");
}

bool ControlFields::flag(std::string_view field) {
  const json* value = find(field);
  if (value == nullptr) return false;
  if (value->is_boolean()) return value->get<bool>();
  refuse(field, "true or false is expected");
  return false;
}

std::optional<std::uint64_t> ControlFields::number(std::string_view field, std::uint64_t least,
                                                   std::uint64_t most) {
  const json* value = find(field);
  if (value == nullptr) return std::nullopt;
  if (value->is_number_unsigned()) {
    const auto number = value->get<std::uint64_t>();
    if (number >= least && number <= most) return number;
  }
  refuse(field,
         "a whole number from " + std::to_string(least) + " to " + std::to_string(most) + " is expected");
  return std::nullopt;
}

std::optional<std::vector<std::string>> ControlFields::texts(std::string_view field) {
  const json* value = find(field);
  if (value == nullptr) return std::nullopt;
  if (value->is_string()) return std::vector<std::string>{value->get<std::string>()};
  const auto is_text = [](const json& one) { return one.is_string(); };
  if (value->is_array() && std::ranges::all_of(*value, is_text))
    return value->get<std::vector<std::string>>();
  refuse(field, "a text or a list of texts is expected");
  return std::nullopt;
}

std::vector<std::pair<std::string, std::string>> ControlFields::rest() {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& [field, value] : object_.items()) {
    if (std::ranges::find(read_, field) != read_.end()) continue;
    const auto text = value_text(value);
    if (!text) {
      refuse(shown_field(field), "a text, a whole number, true or false is expected");
      return {};
    }
    out.emplace_back(field, *text);
  }
  for (const auto& [field, value] : object_.items()) read_.push_back(field);
  return out;
}

const json* ControlFields::object(std::string_view field) {
  const json* value = find(field);
  if (value == nullptr || value->is_object()) return value;
  refuse(field, "an object is expected");
  return nullptr;
}

Status ControlFields::status() {
  for (const auto& [field, value] : object_.items())
    if (std::ranges::find(read_, field) == read_.end())
      refuse(shown_field(field), "there is no such field here");
  return status_;
}

}  // namespace hermod::queue
