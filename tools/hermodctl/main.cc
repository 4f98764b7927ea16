#include <iostream>

#include "delayed_commands.h"
#include "queue_commands.h"
#include "store_commands.h"
#include "stream_commands.h"
#include "transaction_commands.h"

using namespace hermod::ctl;

int main(int argc, char** argv) {
  using Command = CommandLine::Command;
  const CommandLine line = parse_command_line(argc, argv);
  switch (line.command) {
    case Command::StoreCheck:
      return check_store(line);
    case Command::StoreDump:
      return dump_store(line);
    case Command::StoreCompact:
      return compact_store(line);
    case Command::Backup:
      return back_up(line);
    case Command::Restore:
      return restore(line);
    case Command::Queue:
      return run_queue(line);
    case Command::Delayed:
      return run_delayed(line);
    case Command::Stream:
      return run_stream(line);
    case Command::Transaction:
      return run_transaction(line);
    case Command::None:
      break;
  }
  (line.exit_code == kGood ? std::cout : std::cerr) << line.said;
  return line.exit_code;
}
