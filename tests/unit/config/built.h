#pragma once
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/configuration.h"
#include "config/toml_file.h"

namespace hermod::config {

/// Builds from the text of a file and settings as of --set, the latter in the form {"key", "value"}.
struct Built {
  explicit Built(std::string_view file, std::vector<std::pair<std::string, std::string>> flags = {}) {
    Assignments read = parse_toml(file, "h.toml");
    problems = read.problems;
    for (auto& [key, value] : flags) {
      read.values.push_back({key, Value{value}, false, {Origin::Place::Flag, "--set"}});
    }
    configuration = Configuration::build(read.values, problems);
  }

  std::string told() const {
    std::string out;
    for (const Problem& problem : problems) out += problem.message() + "\n";
    return out;
  }
  std::string value_of(std::string_view key) const { return find(key).value; }
  std::string origin_of(std::string_view key) const { return find(key).origin.text(); }
  Effective find(std::string_view key) const {
    const auto all = configuration.effective();
    const auto found = std::ranges::find(all, key, &Effective::key);
    return found == all.end() ? Effective{} : *found;
  }

  std::vector<Problem> problems;
  Configuration configuration;
};

}  // namespace hermod::config
