#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/options.h"

namespace hermod::ctl {

/// What `hermodctl queue` was asked for. Plain values.
struct QueueOptions {
  enum class Verb { List, Show, Create, Edit, Delete, Purge, Pause, Resume, Peek, Move, Redrive };

  Verb verb = Verb::List;
  std::string name;
  std::string to;                     ///< of move and redrive; empty: nothing was said
  std::vector<std::string> bind;      ///< topic filters
  std::vector<std::string> settings;  ///< "lanes=4"
  bool is_forced = false;
  std::optional<std::uint64_t> from;
  std::optional<std::uint64_t> count;
  std::optional<std::uint64_t> bytes;
  std::optional<std::uint64_t> offset;

  client::SessionOptions session;
  double patience_seconds = 10;
};

}  // namespace hermod::ctl
