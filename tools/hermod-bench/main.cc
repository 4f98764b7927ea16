#include <CLI/CLI.hpp>
#include <cstdio>

#include "amqp_run.h"
#include "compare.h"
#include "connection_run.h"
#include "handshake_run.h"
#include "options.h"
#include "report.h"
#include "runner.h"

namespace hermod::bench {
namespace {

constexpr int kViolated = 1;
constexpr int kCannotRun = 2;

int cannot_run(const Error& error) {
  std::fprintf(stderr, "hermod-bench: %s\n", error.detail.c_str());
  return kCannotRun;
}

void print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
}

int tell(const Options& options, const Result<Outcome>& outcome) {
  if (!outcome) return cannot_run(outcome.error());
  print(options.json ? as_json(*outcome) : as_table(*outcome));
  return outcome->failure.empty() && outcome->violations().empty() ? 0 : kViolated;
}

int run_load(const Options& options) {
  const auto scenario = options.finished_scenario();
  if (!scenario) return cannot_run(scenario.error());
  return tell(options, run_scenario(*scenario));
}

int run_connection_load(const Options& options) {
  const auto outcome = run_connections(options.finished_connections());
  if (!outcome) return cannot_run(outcome.error());
  print(options.json ? as_json(*outcome) : as_table(*outcome));
  const bool all_there = outcome->connected_after_hold == outcome->scenario.connections;
  return outcome->failure.empty() && all_there ? 0 : kViolated;
}

int run_handshake_load(const Options& options) {
  const auto outcome = run_handshakes(options.finished_handshakes());
  if (!outcome) return cannot_run(outcome.error());
  print(options.json ? as_json(*outcome) : as_table(*outcome));
  return outcome->failure.empty() ? 0 : kViolated;
}

int run_compare(const Options& options) {
  const auto plan = options.finished_plan();
  if (!plan) return cannot_run(plan.error());
  bool all_held = false;
  const auto table = compare(*plan, all_held);
  if (!table) return cannot_run(table.error());
  print(*table);
  return all_held ? 0 : kViolated;
}

}  // namespace
}  // namespace hermod::bench

int main(int argc, char** argv) {
  using hermod::bench::Command;
  CLI::App app(
      "Load for an MQTT broker: every message is followed to its end, and the broker's CPU is measured.",
      "hermod-bench");
  hermod::bench::Options options(app);
  CLI11_PARSE(app, argc, argv);
  switch (options.command()) {
    case Command::Load:
      return hermod::bench::run_load(options);
    case Command::Amqp:
      return hermod::bench::tell(options, hermod::bench::run_amqp(options.finished_amqp()));
    case Command::Connections:
      return hermod::bench::run_connection_load(options);
    case Command::Handshakes:
      return hermod::bench::run_handshake_load(options);
    case Command::Compare:
      return hermod::bench::run_compare(options);
  }
  return hermod::bench::kCannotRun;
}
