#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "client/options.h"

namespace hermod::ctl {

/// What `hermodctl stream` and `hermodctl group` were asked for. Plain values.
struct StreamOptions {
  enum class Verb { List, Show, Find, ListGroups, Lag, Seek, DeleteGroup };

  Verb verb = Verb::List;
  std::string stream;  ///< of a list of groups: empty, those of all streams
  std::string group;
  std::string to;  ///< where a group goes on
  // What is looked for; what was not said does not matter.
  std::optional<std::string> key;
  std::optional<std::string> message_id;
  std::optional<std::uint64_t> first_offset;
  std::optional<std::uint64_t> last_offset;
  std::string since;
  std::string until;
  std::optional<std::uint64_t> count;
  std::optional<std::uint64_t> bytes;

  client::SessionOptions session;
  double patience_seconds = 10;
};

}  // namespace hermod::ctl
