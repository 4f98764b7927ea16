#pragma once
#include "command_line.h"

namespace hermod::ctl {

/// `hermodctl delayed`: prints to standard output, its errors to standard error, and gives the exit code.
int run_delayed(const CommandLine& line);

}  // namespace hermod::ctl
