#include "tests/sim/seed_run.h"

#include <csignal>
#include <cstdlib>
#include <iostream>

namespace hermod::sim {

namespace {

/// For the signal handler.
std::uint64_t running_seed = 0;
const Report* running_report = nullptr;

void on_abort(int signal) {
  SeedRun::print();
  std::signal(signal, SIG_DFL);
}

}  // namespace

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

SeedRun::SeedRun(std::uint64_t seed, const Report& report) {
  running_seed = seed;
  running_report = &report;
}

SeedRun::~SeedRun() {
  running_report = nullptr;
}

void SeedRun::watch_for_aborts() {
  std::signal(SIGABRT, on_abort);
  std::signal(SIGSEGV, on_abort);
}

void SeedRun::print() {
  if (running_report == nullptr) return;
  std::cerr << "with HERMOD_SIM_SEED=" << running_seed << ", the last steps:\n";
  running_report->print(std::cerr);
}

}  // namespace hermod::sim
