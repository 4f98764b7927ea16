#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"

namespace hermod::broker {

/// What a publisher that asks for it (`want-ref`) is told with the end of its PUBLISH: where named queues
/// have the message, and whether one of them had it already.
struct PublishRef {
  struct Stored {
    std::string queue;
    Seq seq;
  };
  std::vector<Stored> stored{};
  bool is_duplicate = false;
};

}  // namespace hermod::broker
