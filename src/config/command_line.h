#pragma once
#include <string>
#include <vector>

#include "config/assignment.h"

namespace hermod::config {

/// The command line of the broker, read but not applied.
struct CommandLine {
  enum class Action {
    Run,
    TestConfig,  ///< -t: say whether the configuration is good
    Tell,        ///< --help, --version, --print-config: write `text`
    Wrong,       ///< cannot be understood: `text` says why
  };
  Action action = Action::Run;
  std::string file;  ///< -c; empty: none
  bool verbose = false;
  std::string text;
  Assignments assignments;  ///< what flags and --set ask for
};

/// Reads the words of the command line, words[0] being the program.
CommandLine parse_command_line(const std::vector<std::string>& words);

}  // namespace hermod::config
