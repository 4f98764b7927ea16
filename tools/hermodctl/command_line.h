#pragma once
#include <string>
#include <vector>

#include "delayed_options.h"
#include "output.h"
#include "queue_options.h"
#include "stream_options.h"
#include "transaction_options.h"

namespace hermod::ctl {

/// What the operator wants.
struct CommandLine {
  enum class Command {
    None,
    StoreCheck,
    StoreDump,
    StoreCompact,
    Backup,
    Restore,
    Queue,
    Delayed,
    Transaction,
    Stream
  };

  Command command = Command::None;
  std::string data_dir = "var";     ///< of the broker
  std::string backup;               ///< the folder of a backup
  bool check_only = false;          ///< restore --check
  std::vector<std::string> tables;  ///< store dump --table; empty: all
  Format format = Format::Table;
  QueueOptions queue;
  DelayedOptions delayed;
  StreamOptions stream;
  TransactionOptions transaction;

  // When there is nothing to do but to say something.
  std::string said;
  int exit_code = 0;
};

CommandLine parse_command_line(int argc, char** argv);

}  // namespace hermod::ctl
