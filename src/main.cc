#include <iostream>
#include <string>
#include <string_view>
#include <utility>

#include "broker/broker.h"
#include "client/commands.h"
#include "config/loader.h"
#include "service/run.h"

using namespace hermod;

namespace {

using Action = config::CommandLine::Action;

constexpr int kWrong = 2;  // The command line or the configuration is wrong; trying again does not help.

int say(std::ostream& out, const std::string& text, int exit_code) {
  out << text;
  return exit_code;
}

/// -t: the files that the configuration names are looked at too.
int check(const config::CommandLine& line, const config::Configuration& configuration) {
  const auto files = broker::Broker::check_files(configuration.settings().broker);
  for (const std::string& fault : files.faults) std::cerr << "hermod: " << fault << "\n";
  for (const std::string& warning : files.warnings) std::cerr << "hermod: warning: " << warning << "\n";
  if (!files.faults.empty()) return kWrong;
  return say(std::cout, (line.verbose ? configuration.effective_text() : "") + "The configuration is good.\n",
             0);
}

int act(const config::CommandLine& line) {
  if (line.action == Action::Wrong) return say(std::cerr, "hermod: " + line.text + "\n", kWrong);
  if (line.action == Action::Tell) return say(std::cout, line.text, 0);

  config::Loaded loaded = config::load(line, config::process_environment());
  for (const config::Problem& problem : loaded.problems) std::cerr << "hermod: " << problem.message() << "\n";
  if (!loaded.problems.empty()) return kWrong;
  if (line.action == Action::Run) return service::run(line, std::move(loaded.configuration));
  return check(line, loaded.configuration);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view verb = argc > 1 ? argv[1] : "";
  if (verb == "pub") return client::run_pub(argc - 1, argv + 1);
  if (verb == "sub") return client::run_sub(argc - 1, argv + 1);
  if (verb == "rr") return client::run_rr(argc - 1, argv + 1);
  return act(config::parse_command_line({argv, argv + argc}));
}
