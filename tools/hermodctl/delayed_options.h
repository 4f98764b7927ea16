#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "client/options.h"

namespace hermod::ctl {

/// What `hermodctl delayed` was asked for. Plain values.
struct DelayedOptions {
  enum class Verb { List, Cancel };

  Verb verb = Verb::List;
  std::optional<std::uint64_t> id;
  std::string message_id;  ///< empty: nothing was said
  std::string topic;       ///< a topic filter; empty: nothing was said
  std::optional<std::uint64_t> count;

  client::SessionOptions session;
  double patience_seconds = 10;
};

}  // namespace hermod::ctl
