#pragma once
#include <functional>

#include "base/result.h"
#include "client/options.h"
#include "control_client.h"

namespace hermod::ctl {

/// Connects to a broker, gives its commands to `ask`, disconnects, and says what went wrong. `session`
/// outlives the call. Gives the exit code.
int ask_broker(const client::SessionOptions& session, double patience_seconds,
               const std::function<Status(ControlClient&)>& ask);

}  // namespace hermod::ctl
