#pragma once
#include "command_line.h"

namespace hermod::ctl {

/// `hermodctl txn`: prints to standard output, its errors to standard error, and gives the exit code.
int run_transaction(const CommandLine& line);

}  // namespace hermod::ctl
