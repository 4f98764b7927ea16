#pragma once
#include <string>

#include "connection_run.h"
#include "handshake_run.h"
#include "outcome.h"

namespace hermod::bench {

/// A table for people; ends with a line that says OK or what is wrong.
std::string as_table(const Outcome& outcome);
std::string as_table(const ConnectionOutcome& outcome);
std::string as_table(const HandshakeOutcome& outcome);
/// One JSON object on one line.
std::string as_json(const Outcome& outcome);
std::string as_json(const ConnectionOutcome& outcome);
std::string as_json(const HandshakeOutcome& outcome);

}  // namespace hermod::bench
