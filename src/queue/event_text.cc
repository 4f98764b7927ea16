#include "queue/event_text.h"

#include <nlohmann/json.hpp>

namespace hermod::queue {

std::string event_text(std::initializer_list<std::pair<const char*, EventValue>> fields) {
  nlohmann::ordered_json object = nlohmann::ordered_json::object();
  for (const auto& [name, value] : fields) {
    if (const auto* const number = std::get_if<std::uint64_t>(&value)) {
      object[name] = *number;
    } else if (const std::string_view text = std::get<std::string_view>(value); !text.empty()) {
      object[name] = text;
    }
  }
  return object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace hermod::queue
