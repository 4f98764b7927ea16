#pragma once

namespace hermod::client {

/// `hermod pub`, `hermod sub` and `hermod rr`: argv[0] is the command's name. Return the exit code.
int run_pub(int argc, char** argv);
int run_sub(int argc, char** argv);
int run_rr(int argc, char** argv);

}  // namespace hermod::client
