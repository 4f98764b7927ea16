#pragma once
#include <cstdint>

#include "tests/sim/report.h"

namespace hermod::sim {

/// From the environment.
std::uint64_t number_from(const char* name, std::uint64_t otherwise);

/// While it lives, an assertion of the broker that fails says which seed it was and what the last steps were.
/// One at a time.
class SeedRun {
 public:
  SeedRun(std::uint64_t seed, const Report& report);
  ~SeedRun();
  SeedRun(const SeedRun&) = delete;
  SeedRun& operator=(const SeedRun&) = delete;

  /// Before the first of them.
  static void watch_for_aborts();
  static void print();
};

/// Runs `seeds` of them from `first` on until one breaks a promise, or the one that HERMOD_SIM_SEED names;
/// HERMOD_SIM_RUNS says how many, HERMOD_SIM_NOTES how many steps are told. `run(seed, report)` is true when
/// all was kept. Returns the seed that broke one, or 0.
template <class Run>
std::uint64_t first_broken_seed(std::uint64_t first, std::uint64_t seeds, Run run) {
  const std::uint64_t named = number_from("HERMOD_SIM_SEED", 0);
  const std::uint64_t begin = named != 0 ? named : first;
  const std::uint64_t end = named != 0 ? named + 1 : first + seeds;
  for (std::uint64_t seed = begin; seed < end; ++seed) {
    Report report(number_from("HERMOD_SIM_NOTES", 60));
    const SeedRun running(seed, report);
    if (run(seed, report)) continue;
    SeedRun::print();
    return seed;
  }
  return 0;
}

}  // namespace hermod::sim
