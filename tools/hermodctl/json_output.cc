#include "json_output.h"

#include <algorithm>
#include <iostream>
#include <vector>

namespace hermod::ctl {
namespace {

constexpr std::uint64_t kPageOfList = 1000;

std::string cell(const Json& object, const char* name) {
  if (!object.is_object()) return "-";
  const auto found = object.find(name);
  return found == object.end() ? "-" : plain_value(value_json(*found));
}

}  // namespace

std::string value_json(const Json& value) {
  return value.is_string() ? text(value.get<std::string>()) : value.dump(-1, ' ', true);
}

Fields fields_of(const Json& object) {
  Fields fields;
  for (const auto& [name, value] : object.items()) {
    if (name == "options" && value.is_object()) {
      for (Field& field : fields_of(value)) fields.push_back(std::move(field));
    } else {
      fields.push_back({name, value_json(value)});
    }
  }
  return fields;
}

Json list_in(const Json& data, const char* name) {
  if (!data.is_object()) return Json::array();
  const auto found = data.find(name);
  return found == data.end() || !found->is_array() ? Json::array() : *found;
}

std::string text_in(const Json& object, const char* name) {
  if (!object.is_object()) return "";
  const auto found = object.find(name);
  return found == object.end() || !found->is_string() ? "" : found->get<std::string>();
}

std::uint64_t number_in(const Json& object, const char* name) {
  if (!object.is_object()) return 0;
  const auto found = object.find(name);
  return found == object.end() || !found->is_number_unsigned() ? 0 : found->get<std::uint64_t>();
}

bool has_more(const Json& data) {
  if (!data.is_object()) return false;
  const auto found = data.find("more");
  return found != data.end() && *found == true;
}

void print_table(const Json& objects, std::span<const char* const> columns) {
  std::vector<std::size_t> widths(columns.size());
  std::vector<std::vector<std::string>> rows{{columns.begin(), columns.end()}};
  for (const Json& object : objects) {
    std::vector<std::string>& row = rows.emplace_back();
    for (const char* const column : columns) row.push_back(cell(object, column));
  }
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  for (const auto& row : rows) {
    std::string out;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string gap(widths[i] - row[i].size(), ' ');
      // Names to the left, numbers to the right.
      out += (i == 0 ? row[i] + gap : gap + row[i]) + (i + 1 < row.size() ? "  " : "\n");
    }
    std::cout << out;
  }
}

void print_lines(const Json& objects, Format format) {
  for (const Json& one : objects)
    std::cout << (format == Format::Json ? one.dump() + "\n" : plain_line(fields_of(one)));
}

void print_object(const Json& object, Format format) {
  if (object.is_null()) return;
  if (format == Format::Json) {
    std::cout << object.dump() << "\n";
  } else {
    std::cout << plain_list(fields_of(object));
  }
}

Result<Json> all_queues(ControlClient& broker) {
  Json all = Json::array();
  std::string after;
  for (;;) {
    Json command;
    command["command"] = "list";
    command["count"] = kPageOfList;
    if (!after.empty()) command["after"] = after;
    const auto data = broker.ask(std::move(command));
    if (!data) return tl::unexpected(data.error());
    const Json page = list_in(*data, "queues");
    for (const Json& queue : page) all.push_back(queue);
    if (!has_more(*data)) return all;
    const std::string last = page.empty() ? "" : text_in(page.back(), "queue");
    // A list that does not go on would be asked for without end.
    if (last <= after) return failure(Errc::Io, "the broker's list of queues does not go on");
    after = last;
  }
}

}  // namespace hermod::ctl
