#pragma once
#include <cstdint>
#include <functional>
#include <memory>

#include "base/result.h"
#include "queue/delayed_messages.h"
#include "queue/delayed_room.h"
#include "queue/moment.h"
#include "store/read_view.h"

namespace hermod::broker {

/// Delayed messages at a start: the time of each, and nothing else of them. Runs once, on the starting
/// thread, before there is another; then it is thrown away.
class DelayedStart {
 public:
  struct Found {
    std::uint64_t messages = 0;
    std::uint64_t damaged = 0;  ///< records that could not be read, left where they are and logged
  };
  /// Told now and then how far it is.
  using Progress = std::function<void(const Found&)>;

  DelayedStart(queue::DelayedRoom& room, const queue::Moment& now, Progress progress = {})
      : room_(room), now_(now), progress_(std::move(progress)) {}

  /// Errors: Io of the store.
  Result<Found> run(store::ReadView& view);
  /// For the shard that owns them.
  std::unique_ptr<queue::DelayedMessages> take() { return std::move(messages_); }

 private:
  queue::DelayedRoom& room_;
  const queue::Moment now_;
  const Progress progress_;
  std::unique_ptr<queue::DelayedMessages> messages_;
};

}  // namespace hermod::broker
