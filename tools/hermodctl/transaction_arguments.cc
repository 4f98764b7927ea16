#include "transaction_arguments.h"

#include <limits>
#include <utility>

namespace hermod::ctl {
namespace {

constexpr std::uint64_t kMostListed = std::numeric_limits<std::int64_t>::max();

}  // namespace

TransactionArguments::TransactionArguments(CLI::App& app, CommandLine& line)
    : line_(line), app_(app.add_subcommand("txn", "Open transactions of a running broker")), broker_(*app_) {
  app_->require_subcommand(1);
  TransactionOptions& options = line_.transaction;
  add(TransactionOptions::Verb::List, "ls", "List them by their ids")
      ->add_option("-n,--count", options.count, "So many; all unless given")
      ->option_text("N")
      ->check(CLI::Range(std::uint64_t{1}, kMostListed).description(""));
  add(TransactionOptions::Verb::Commit, "commit", "Its messages become visible")
      ->add_option("id", options.id, "The one with this id")
      ->required();
  add(TransactionOptions::Verb::Rollback, "rollback", "Its messages are dropped")
      ->add_option("id", options.id, "The one with this id")
      ->required();
}

CLI::App* TransactionArguments::add(TransactionOptions::Verb verb, const char* name, const char* about) {
  CLI::App* app = app_->add_subcommand(name, about);
  app->fallthrough();  // the options of the broker may stand behind the verb
  add_output(*app, line_.format);
  app->callback([this, verb] {
    line_.command = CommandLine::Command::Transaction;
    line_.transaction.verb = verb;
  });
  return app;
}

client::Outcome<void> TransactionArguments::finish() {
  return broker_.finish(line_.transaction.session, line_.transaction.patience_seconds);
}

}  // namespace hermod::ctl
