#include "queue_arguments.h"

#include <limits>

namespace hermod::ctl {
namespace {

using Verb = QueueOptions::Verb;

constexpr std::uint64_t kMostOffset = std::numeric_limits<std::int64_t>::max();

void add_count(CLI::App* app, const char* name, std::optional<std::uint64_t>& value, std::uint64_t least,
               std::uint64_t most, const char* about) {
  app->add_option(name, value, about)->option_text("N")->check(CLI::Range(least, most).description(""));
}

void add_options(CLI::App* app, QueueOptions& options) {
  app->add_option("-b,--bind", options.bind, "Topic filter of the messages it stores; may be repeated")
      ->option_text("FILTER")
      ->allow_extra_args(false);
  app->add_option("-s,--set", options.settings, "An option as OPTION=VALUE, such as lanes=4; may be repeated")
      ->option_text("OPTION=VALUE")
      ->allow_extra_args(false);
}

}  // namespace

QueueArguments::QueueArguments(CLI::App& app, CommandLine& line)
    : line_(line), app_(app.add_subcommand("queue", "Named queues of a running broker")), broker_(*app_) {
  app_->require_subcommand(1);
  add_looks();
  add_changes();
  add_moves();
}

CLI::App* QueueArguments::add(Verb verb, const char* name, const char* about) {
  CLI::App* app = app_->add_subcommand(name, about);
  app->fallthrough();  // the options of the broker may stand behind the verb
  add_output(*app, line_.format);
  app->callback([this, verb] {
    line_.command = CommandLine::Command::Queue;
    line_.queue.verb = verb;
  });
  return app;
}

CLI::App* QueueArguments::add_named(Verb verb, const char* name, const char* about) {
  CLI::App* app = add(verb, name, about);
  app->add_option("queue", line_.queue.name, "Its name")->required();
  return app;
}

void QueueArguments::add_looks() {
  QueueOptions& options = line_.queue;
  add(Verb::List, "ls", "List all queues");
  add_named(Verb::Show, "show", "Show a queue and its options");
  CLI::App* peek = add_named(Verb::Peek, "peek", "Look at messages, which stay as they are");
  add_count(peek, "--from", options.from, 1, kMostOffset, "The offset to begin at");
  add_count(peek, "-n,--count", options.count, 1, 1000, "So many messages; 10 unless given");
  add_count(peek, "--bytes", options.bytes, 0, 65536, "So much of each payload; 256 unless given");
}

void QueueArguments::add_changes() {
  add_options(add_named(Verb::Create, "create", "Make a queue"), line_.queue);
  add_options(add_named(Verb::Edit, "edit", "Change options of a queue"), line_.queue);
  add_named(Verb::Delete, "delete", "Delete a queue")
      ->add_flag("--force", line_.queue.is_forced, "Also with messages inside, which are lost");
  add_named(Verb::Purge, "purge", "Delete every message that no consumer has");
  add_named(Verb::Pause, "pause", "Give messages to nobody for now");
  add_named(Verb::Resume, "resume", "Give messages out again");
}

void QueueArguments::add_moves() {
  QueueOptions& options = line_.queue;
  CLI::App* move = add_named(Verb::Move, "move", "Move messages to the end of another queue");
  move->add_option("to", options.to, "The other queue")->required();
  CLI::Option* const all =
      move->add_option("-n,--count", options.count, "So many from the front; all unless given")
          ->option_text("N")
          ->check(CLI::Range(std::uint64_t{1}, kMostOffset).description(""));
  move->add_option("--offset", options.offset, "Only this message")
      ->option_text("N")
      ->check(CLI::Range(std::uint64_t{1}, kMostOffset).description(""))
      ->excludes(all);
  CLI::App* redrive = add_named(Verb::Redrive, "redrive", "Give dead letters back to where they died");
  redrive->add_option("--to", options.to, "All of them to this queue")->option_text("QUEUE");
  add_count(redrive, "-n,--count", options.count, 1, kMostOffset, "So many from the front; all unless given");
}

client::Outcome<void> QueueArguments::finish() {
  return broker_.finish(line_.queue.session, line_.queue.patience_seconds);
}

}  // namespace hermod::ctl
