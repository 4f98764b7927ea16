#pragma once
#include <optional>
#include <queue>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"

namespace hermod::session {

/// What a session waits for: the first two while no connection is bound to it, the last one also beside one.
enum class DeadlineKind : std::uint8_t { SessionExpiry, WillDelay, MessageExpiry };

struct Deadline {
  MonotonicTime due;
  SessionId session;
  DeadlineKind kind;
  /// The session's absence the deadline was set for; a session that came back has another one.
  std::uint32_t absence;
};

/// Deadlines of the sessions of one shard, soonest first. A deadline is not removed when its session returns;
/// the caller compares `absence` when it fires. Pure; owned by the shard.
class Deadlines {
 public:
  void add(const Deadline& deadline) { heap_.push(deadline); }
  std::optional<MonotonicTime> next_due() const {
    if (heap_.empty()) return std::nullopt;
    return heap_.top().due;
  }
  /// The soonest deadline that is due at `now`, removed.
  std::optional<Deadline> take_due(MonotonicTime now) {
    if (heap_.empty() || heap_.top().due > now) return std::nullopt;
    Deadline due = heap_.top();
    heap_.pop();
    return due;
  }
  std::size_t size() const { return heap_.size(); }

 private:
  struct Later {
    bool operator()(const Deadline& a, const Deadline& b) const { return a.due > b.due; }
  };
  std::priority_queue<Deadline, std::vector<Deadline>, Later> heap_;
};

}  // namespace hermod::session
