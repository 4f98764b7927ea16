#include "config/environment.h"

#include <algorithm>

namespace hermod::config {
namespace {

constexpr std::string_view kPrefix = "HERMOD_";

/// MQTT__MAX_QOS as mqtt.max_qos.
std::string key_for(std::string_view name) {
  std::string key;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    if (name.substr(i, 2) == "__") {
      key += '.';
      ++i;
    } else {
      key += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
  }
  return key;
}

}  // namespace

Assignments parse_environment(std::span<const std::string> variables) {
  Assignments out;
  for (const std::string& variable : variables) {
    const std::size_t equals = variable.find('=');
    const std::string name = variable.substr(0, equals);
    if (equals == std::string::npos || !name.starts_with(kPrefix) || name.find("__") == std::string::npos)
      continue;
    out.values.push_back({key_for(std::string_view(name).substr(kPrefix.size())),
                          Value{variable.substr(equals + 1)},
                          false,
                          {Origin::Place::Environment, name}});
  }
  return out;
}

Assignments parse_service_environment(std::span<const std::string> variables) {
  constexpr std::string_view kName = "STATE_DIRECTORY=";
  Assignments out;
  for (const std::string& variable : variables) {
    if (!variable.starts_with(kName)) continue;
    // A list separated by colons when the unit names several folders; the first is ours.
    std::string folder = variable.substr(kName.size());
    folder.resize(std::min(folder.find(':'), folder.size()));
    out.values.push_back(
        {"store.data_dir", Value{std::move(folder)}, false, {Origin::Place::Environment, "STATE_DIRECTORY"}});
  }
  return out;
}

}  // namespace hermod::config
