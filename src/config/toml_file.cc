#include "config/toml_file.h"

#include <toml++/toml.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace hermod::config {
namespace {

Origin origin_of(const toml::source_region& region, const std::string& name) {
  return {Origin::Place::File, name, static_cast<std::uint32_t>(region.begin.line)};
}

/// "a, b" of ["a", "b"]; nothing when it is no list of texts, or one that could not be told from another.
std::optional<std::string> joined_list(const toml::array& list) {
  std::string out;
  for (const toml::node& node : list) {
    const auto* text = node.as_string();
    if (text == nullptr || text->get().empty() || text->get().find(',') != std::string::npos)
      return std::nullopt;
    out += (out.empty() ? "" : ", ") + text->get();
  }
  return out;
}

void collect(const toml::table& table, const std::string& prefix, const std::string& name, Assignments& out) {
  for (const auto& [key, node] : table) {
    const std::string full = prefix.empty() ? std::string(key.str()) : prefix + "." + std::string(key.str());
    const Origin origin = origin_of(node.source(), name);
    if (const toml::table* inner = node.as_table()) {
      // Whoever writes an empty section of a queue expects a queue.
      if (inner->empty() && full.starts_with("queues."))
        out.problems.push_back({origin, full + ": a queue needs bind = \"TOPIC FILTER\""});
      collect(*inner, full, name, out);
    } else if (const auto* on = node.as_boolean()) {
      out.values.push_back({full, Value{on->get()}, true, origin});
    } else if (const auto* number = node.as_integer()) {
      out.values.push_back({full, Value{number->get()}, true, origin});
    } else if (const auto* text = node.as_string()) {
      out.values.push_back({full, Value{text->get()}, true, origin});
    } else if (const toml::array* list = node.as_array()) {
      if (auto joined = joined_list(*list)) {
        out.values.push_back({full, Value{std::move(*joined)}, true, origin, true});
      } else {
        out.problems.push_back(
            {origin, full + ": a list has texts in quotes, none of them empty or with a comma in it"});
      }
    } else {
      out.problems.push_back({origin, full + ": dates and fractions are not used by any key"});
    }
  }
}

}  // namespace

Assignments parse_toml(std::string_view text, const std::string& name) {
  Assignments out;
  try {
    collect(toml::parse(text), "", name, out);
  } catch (const toml::parse_error& fault) {
    out.problems.push_back({origin_of(fault.source(), name), std::string(fault.description())});
  }
  std::ranges::stable_sort(out.values, {}, [](const Assignment& one) { return one.origin.line; });
  return out;
}

}  // namespace hermod::config
