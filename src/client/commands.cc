#include "client/commands.h"

#include <cstdio>
#include <string>
#include <vector>

#include "client/command_line.h"
#include "client/publisher.h"
#include "client/requester.h"
#include "client/stop_signal.h"
#include "client/subscriber.h"

namespace hermod::client {
namespace {

std::vector<std::string> arguments_behind_name(int argc, char** argv) {
  return argc > 1 ? std::vector<std::string>(argv + 1, argv + argc) : std::vector<std::string>();
}

/// Help goes to stdout, everything else to stderr.
int report(const char* command, const Failure& failure) {
  if (failure.exit_code == 0)
    std::fputs(failure.text.c_str(), stdout);
  else
    std::fprintf(stderr, "hermod %s: %s\n", command, failure.text.c_str());
  return failure.exit_code;
}

int finish(const char* command, const Outcome<int>& outcome, bool quiet) {
  if (outcome) return *outcome;
  return quiet ? outcome.error().exit_code : report(command, outcome.error());
}

}  // namespace

int run_pub(int argc, char** argv) {
  const auto options = parse_publish(arguments_behind_name(argc, argv));
  if (!options) return report("pub", options.error());
  const StopSignal stop;
  return finish("pub", Publisher(*options, stop.descriptor()).run(), options->session.quiet);
}

int run_sub(int argc, char** argv) {
  const auto options = parse_subscribe(arguments_behind_name(argc, argv));
  if (!options) return report("sub", options.error());
  auto printer = Printer::make(options->output, "hermod sub", stdout);
  if (!printer) return report("sub", printer.error());
  const StopSignal stop;
  return finish("sub", Subscriber(*options, std::move(*printer), stop.descriptor()).run(),
                options->session.quiet);
}

int run_rr(int argc, char** argv) {
  const auto options = parse_request(arguments_behind_name(argc, argv));
  if (!options) return report("rr", options.error());
  auto printer = Printer::make(options->output, "hermod rr", stdout);
  if (!printer) return report("rr", printer.error());
  const StopSignal stop;
  return finish("rr", Requester(*options, std::move(*printer), stop.descriptor()).run(),
                options->session.quiet);
}

}  // namespace hermod::client
