#include "command_line.h"

#include <CLI/CLI.hpp>
#include <sstream>

#include "arguments.h"
#include "delayed_arguments.h"
#include "queue_arguments.h"
#include "store/lmdb/lmdb_tables.h"
#include "stream_arguments.h"
#include "transaction_arguments.h"

namespace hermod::ctl {
namespace {

using Command = CommandLine::Command;

std::vector<std::string> table_names() {
  std::vector<std::string> names{"journal"};
  for (std::size_t table = 0; table < store::kTableCount; ++table)
    names.emplace_back(store::table_name(static_cast<store::Table>(table)));
  return names;
}

/// A command with the options that all have.
CLI::App* add(CLI::App& parent, CommandLine& line, Command command, const char* name, const char* about) {
  CLI::App* app = parent.add_subcommand(name, about);
  add_output(*app, line.format);
  app->callback([&line, command] { line.command = command; });
  return app;
}

void add_data_dir(CLI::App* app, CommandLine& line) {
  app->add_option("-d,--data-dir", line.data_dir, "The broker's folder (store.path)")
      ->option_text("DIR")
      ->capture_default_str();
}

void describe(CLI::App& app, CommandLine& line) {
  app.require_subcommand(1);
  app.set_version_flag("--version", HERMOD_VERSION, "Print the version and exit");
  CLI::App* store = app.add_subcommand("store", "Look into the store of a broker that does not run");
  store->require_subcommand(1);
  add_data_dir(add(*store, line, Command::StoreCheck, "check", "Read and check every record"), line);
  CLI::App* dump = add(*store, line, Command::StoreDump, "dump", "Print every record");
  add_data_dir(dump, line);
  dump->add_option("-t,--table", line.tables, "Only this table, or journal; may be repeated")
      ->option_text("NAME")
      ->check(CLI::IsMember(table_names()).description(""));
  add_data_dir(add(*store, line, Command::StoreCompact, "compact", "Write the tables anew, without gaps"),
               line);

  CLI::App* backup = add(app, line, Command::Backup, "backup", "Copy the store; the broker may be running");
  add_data_dir(backup, line);
  backup->add_option("folder", line.backup, "Where the copy goes: new or empty")->required();

  CLI::App* restore = add(app, line, Command::Restore, "restore", "Make a store from a backup, or check one");
  add_data_dir(restore, line);
  restore->add_flag("--check", line.check_only, "Only read and check the backup");
  restore->add_option("folder", line.backup, "The backup")->required();
}

}  // namespace

CommandLine parse_command_line(int argc, char** argv) {
  CommandLine line;
  CLI::App app{"Looks after the store and the queues of a hermod broker.", "hermodctl"};
  describe(app, line);
  QueueArguments queue(app, line);
  DelayedArguments delayed(app, line);
  StreamArguments stream(app, line);
  TransactionArguments transaction(app, line);
  try {
    app.parse(argc, argv);
    client::Outcome<void> finished;
    if (line.command == Command::Queue) finished = queue.finish();
    if (line.command == Command::Delayed) finished = delayed.finish();
    if (line.command == Command::Stream) finished = stream.finish();
    if (line.command == Command::Transaction) finished = transaction.finish();
    if (!finished) {
      line.command = Command::None;
      line.exit_code = kWrong;
      line.said = "hermodctl: " + finished.error().text + "\n";
    }
  } catch (const CLI::ParseError& end) {
    std::ostringstream out;
    std::ostringstream errors;
    line.exit_code = app.exit(end, out, errors) == 0 ? kGood : kWrong;
    line.said = out.str() + errors.str();
    line.command = Command::None;
  }
  return line;
}

}  // namespace hermod::ctl
