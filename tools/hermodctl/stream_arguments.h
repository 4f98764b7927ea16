#pragma once
#include <CLI/CLI.hpp>

#include "arguments.h"
#include "command_line.h"

namespace hermod::ctl {

/// `hermodctl stream VERB` and `hermodctl group VERB`. Registers itself with a CLI::App, which it and `line`
/// must outlive.
class StreamArguments {
 public:
  StreamArguments(CLI::App& app, CommandLine& line);

  /// After parsing: how the broker is reached. Errors: what is wrong about that.
  client::Outcome<void> finish();

 private:
  CLI::App* add(CLI::App& noun, StreamOptions::Verb verb, const char* name, const char* about);
  void add_stream_verbs();
  void add_group_verbs();

  CommandLine& line_;
  CLI::App* stream_;
  CLI::App* group_;
  BrokerArguments broker_of_stream_;
  BrokerArguments broker_of_group_;
};

}  // namespace hermod::ctl
