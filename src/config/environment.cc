#include "config/environment.h"

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

}  // namespace hermod::config
