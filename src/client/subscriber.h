#pragma once
#include <random>

#include "client/client.h"
#include "client/failure.h"
#include "client/options.h"
#include "client/printer.h"

namespace hermod::client {

/// `hermod sub` after its options are read: connects, subscribes, prints messages until it is time to leave.
class Subscriber {
 public:
  /// `options` outlives the subscriber; `stop` as with Client.
  Subscriber(const SubscribeOptions& options, Printer printer, int stop)
      : options_(options), client_(options.session, stop), printer_(std::move(printer)) {}

  /// The exit code: 0, 27 when the time was up, or the reason code when no subscription was granted.
  Outcome<int> run();

 private:
  enum class After { Stay, Leave };

  Outcome<After> on_event(const Event& event);
  Outcome<After> on_message(const wire::Publish& message);
  After on_answer(const RequestAnswered& answer);

  const SubscribeOptions& options_;
  Client client_;
  Printer printer_;
  wire::PacketId subscribe_id_;
  std::uint64_t shown_ = 0;
  int exit_code_ = 0;
  std::mt19937 random_{std::random_device{}()};
};

}  // namespace hermod::client
