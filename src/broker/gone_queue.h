#pragma once
#include <string>
#include <vector>

#include "base/ids.h"

namespace hermod::broker {

/// A queue that is deleted, until every session of every shard has heard of it.
struct GoneQueue {
  std::string name;
  std::vector<SessionId> sessions{};  ///< of this shard, which have not
  bool is_done = false;
};

}  // namespace hermod::broker
