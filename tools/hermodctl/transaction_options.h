#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "client/options.h"

namespace hermod::ctl {

/// What `hermodctl txn` was asked for. Plain values.
struct TransactionOptions {
  enum class Verb { List, Commit, Rollback };

  Verb verb = Verb::List;
  std::string id;
  std::optional<std::uint64_t> count;

  client::SessionOptions session;
  double patience_seconds = 10;
};

}  // namespace hermod::ctl
