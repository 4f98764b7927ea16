#pragma once
#include "base/counters.h"
#include "base/ids.h"
#include "queue/queue_window.h"

namespace hermod::broker {

/// What a session has left in the store when it ended, until others of its groups have it. Owned by the shard
/// of the session, on its thread.
struct Remains {
  queue::QueueWindow queue;  ///< knows what of it is still there
  Seq from;                  ///< what is below has been read
  Counter reason{};          ///< counts what nobody else gets
  bool failed = false;       ///< the last page could not be read, or the store not be written
  bool whole = false;        ///< what memory had of it is looked for in the store, too
};

}  // namespace hermod::broker
