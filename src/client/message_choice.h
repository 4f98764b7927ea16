#pragma once
#include "client/options.h"
#include "wire/packets.h"

namespace hermod::client {

/// What `hermod sub` does with a message that arrived.
struct MessageChoice {
  bool leaves = false;  ///< the command ends, and does nothing else with it
  bool clears = false;  ///< it is to be the retained message of its topic no more
  bool shows = false;
  friend bool operator==(const MessageChoice&, const MessageChoice&) = default;
};

/// `draw`: from 0 to below 100, drawn anew for each message; one below the percentage of --random-filter lets
/// it through.
MessageChoice choice_for(const SubscribeOptions& options, const wire::Publish& message, double draw);

/// Whether `hermod rr` takes the message for the response to its request.
bool is_response(const RequestOptions& options, const wire::Publish& message);

}  // namespace hermod::client
