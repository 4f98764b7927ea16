#pragma once
#include <string>
#include <vector>

#include "client/failure.h"
#include "client/options.h"

namespace hermod::client {

/// The command lines, with mosquitto's letters. `arguments` is what follows the command's name. A Failure
/// with exit code 0 is the help text that was asked for.
Outcome<PublishOptions> parse_publish(std::vector<std::string> arguments);
Outcome<SubscribeOptions> parse_subscribe(std::vector<std::string> arguments);
Outcome<RequestOptions> parse_request(std::vector<std::string> arguments);

}  // namespace hermod::client
