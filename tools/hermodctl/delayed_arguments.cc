#include "delayed_arguments.h"

#include <limits>

namespace hermod::ctl {
namespace {

constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();

}  // namespace

DelayedArguments::DelayedArguments(CLI::App& app, CommandLine& line)
    : line_(line),
      app_(app.add_subcommand("delayed", "Messages of a running broker that are published later")),
      broker_(*app_) {
  app_->require_subcommand(1);
  DelayedOptions& options = line_.delayed;
  CLI::App* list = add(DelayedOptions::Verb::List, "ls", "List them in the order in which they were sent");
  list->add_option("-t,--topic", options.topic, "Only those that match this topic filter")
      ->option_text("FILTER");
  list->add_option("-n,--count", options.count, "So many; all unless given")
      ->option_text("N")
      ->check(CLI::Range(std::uint64_t{1}, kMost).description(""));
  CLI::App* cancel = add(DelayedOptions::Verb::Cancel, "cancel", "They are never published");
  auto* which = cancel->add_option_group("which");
  which->add_option("id", options.id, "The one with this id")
      ->check(CLI::Range(std::uint64_t{1}, kMost).description(""));
  which->add_option("--msg-id", options.message_id, "All with this user property msg-id")
      ->option_text("TEXT");
  which->add_option("-t,--topic", options.topic, "All that match this topic filter")->option_text("FILTER");
  which->require_option(1);
}

CLI::App* DelayedArguments::add(DelayedOptions::Verb verb, const char* name, const char* about) {
  CLI::App* app = app_->add_subcommand(name, about);
  app->fallthrough();  // the options of the broker may stand behind the verb
  add_output(*app, line_.format);
  app->callback([this, verb] {
    line_.command = CommandLine::Command::Delayed;
    line_.delayed.verb = verb;
  });
  return app;
}

client::Outcome<void> DelayedArguments::finish() {
  return broker_.finish(line_.delayed.session, line_.delayed.patience_seconds);
}

}  // namespace hermod::ctl
