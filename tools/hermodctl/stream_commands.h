#pragma once
#include "command_line.h"

namespace hermod::ctl {

/// `hermodctl stream` and `hermodctl group`: prints to standard output, its errors to standard error, and
/// gives the exit code.
int run_stream(const CommandLine& line);

}  // namespace hermod::ctl
