#pragma once
#include <CLI/CLI.hpp>

#include "arguments.h"
#include "command_line.h"

namespace hermod::ctl {

/// `hermodctl queue VERB`. Registers itself with a CLI::App, which it and `line` must outlive.
class QueueArguments {
 public:
  QueueArguments(CLI::App& app, CommandLine& line);

  /// After parsing: how the broker is reached. Errors: what is wrong about that.
  client::Outcome<void> finish();

 private:
  CLI::App* add(QueueOptions::Verb verb, const char* name, const char* about);
  /// The same for one queue.
  CLI::App* add_named(QueueOptions::Verb verb, const char* name, const char* about);
  void add_changes();
  void add_looks();
  void add_moves();

  CommandLine& line_;
  CLI::App* app_;
  BrokerArguments broker_;
};

}  // namespace hermod::ctl
