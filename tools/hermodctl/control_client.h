#pragma once
#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include "base/result.h"
#include "client/client.h"
#include "client/options.h"

namespace hermod::ctl {

/// JSON whose fields stay in the order in which they came.
using Json = nlohmann::ordered_json;

/// A connection to a broker that commands go over, to $CONTROL/queue/v1. Nothing that the broker says is
/// trusted to have the form it should.
class ControlClient {
 public:
  /// `session` outlives the client. `stop` as with client::Client.
  ControlClient(const client::SessionOptions& session, double patience_seconds, int stop)
      : patience_seconds_(patience_seconds), client_(session, stop) {}

  /// Connects, and subscribes to the answers. Errors: Io.
  Status open();
  /// Sends one command and waits for its answer. Gives what it has as "data", null when there is none.
  /// Errors: NotFound when there is no such queue, Timeout, Io, or Invalid for everything else that the
  /// broker refused.
  Result<Json> ask(Json command);
  void close();

 private:
  Result<Json> wait_for(const std::string& correlation);

  double patience_seconds_;
  client::Client client_;
  std::uint64_t asked_ = std::random_device{}();  ///< others may be told of their answers on the same topic
};

}  // namespace hermod::ctl
