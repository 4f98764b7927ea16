#pragma once
#include "client/client.h"
#include "client/failure.h"
#include "client/options.h"

namespace hermod::client {

/// `hermod pub` after its options are read: reads the payload, connects, publishes, waits until everything is
/// acknowledged, leaves.
class Publisher {
 public:
  /// `options` outlives the publisher; `stop` as with Client.
  Publisher(const PublishOptions& options, int stop) : options_(options), client_(options.session, stop) {}

  /// The exit code: 0, or the reason code of the last message that the broker refused.
  Outcome<int> run();

 private:
  Outcome<void> publish_repeatedly(const std::string& payload);
  Outcome<void> publish_lines();
  Outcome<void> publish(const std::string& payload);
  /// Waits for one event; `input` and `deadline` as with Client::next().
  Outcome<Event> wait(std::optional<MonotonicTime> deadline, int input);
  bool all_settled() const { return settled_ == to_settle_; }

  const PublishOptions& options_;
  Client client_;
  std::uint64_t to_settle_ = 0;
  std::uint64_t settled_ = 0;
  int exit_code_ = 0;
  bool is_stopped_ = false;
};

}  // namespace hermod::client
