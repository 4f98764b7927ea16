#pragma once
#include "config/command_line.h"
#include "config/configuration.h"

namespace hermod::service {

/// Starts the broker with this configuration and serves until SIGTERM or SIGINT says stop; SIGHUP reads
/// `line`'s files again. Gives the exit code: 0, or 1 when the broker could not start, which the log
/// explains. Blocks; to be called once, by the main thread, before any other thread exists.
int run(const config::CommandLine& line, config::Configuration configuration);

}  // namespace hermod::service
