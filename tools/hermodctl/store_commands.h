#pragma once
#include "base/result.h"
#include "command_line.h"

namespace hermod::ctl {

// Each prints to standard output, its errors to standard error, and gives the exit code.
int check_store(const CommandLine& line);
int dump_store(const CommandLine& line);
int compact_store(const CommandLine& line);
int back_up(const CommandLine& line);
int restore(const CommandLine& line);

/// "hermodctl: <error>", on standard error.
int report_failure(const Error& error);

}  // namespace hermod::ctl
