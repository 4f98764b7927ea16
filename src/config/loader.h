#pragma once
#include <string>
#include <vector>

#include "config/command_line.h"
#include "config/configuration.h"

namespace hermod::config {

/// The outcome of reading everything: the configuration counts only when `problems` is empty.
struct Loaded {
  Configuration configuration;
  std::vector<Problem> problems;
};

/// Defaults, then the file of the command line, then conf.d/*.toml beside it by name, then the environment,
/// then the flags. Reads files, so: at start and at reload, on the main thread.
Loaded load(const CommandLine& line, const std::vector<std::string>& environment);

/// The environment of this process as "NAME=value".
std::vector<std::string> process_environment();

}  // namespace hermod::config
