#pragma once
#include <CLI/CLI.hpp>

#include "arguments.h"
#include "command_line.h"

namespace hermod::ctl {

/// `hermodctl txn VERB`. Registers itself with a CLI::App, which it and `line` must outlive.
class TransactionArguments {
 public:
  TransactionArguments(CLI::App& app, CommandLine& line);

  /// After parsing: how the broker is reached. Errors: what is wrong about that.
  client::Outcome<void> finish();

 private:
  CLI::App* add(TransactionOptions::Verb verb, const char* name, const char* about);

  CommandLine& line_;
  CLI::App* app_;
  BrokerArguments broker_;
};

}  // namespace hermod::ctl
