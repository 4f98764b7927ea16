#pragma once
#include "command_line.h"

namespace hermod::ctl {

/// `hermodctl queue`: prints to standard output, its errors to standard error, and gives the exit code.
int run_queue(const CommandLine& line);

}  // namespace hermod::ctl
