#include <algorithm>
#include <chrono>
#include <iostream>
#include <random>
#include <thread>
#include <vector>

#include "tests/crash/crash_test.h"

namespace hermod::crash {
namespace {

using Clock = std::chrono::steady_clock;

/// HERMOD_CRASH_ROUNDS kills (20 unless set), at moments that HERMOD_CRASH_SEED decides.
class Kill : public CrashTest {
 protected:
  void run_rounds(std::uint64_t rounds) {
    std::mt19937_64 random(number_from("HERMOD_CRASH_SEED", 1));
    start_load();
    std::vector<double> starts;
    for (std::uint64_t round = 0; round < rounds; ++round) {
      // Every other death comes to a broker that works again, the rest to one that may still be starting.
      const std::uint64_t before = ledger_.acknowledged_count();
      if (round % 2 == 0) {
        ASSERT_TRUE(in_time([&] { return ledger_.acknowledged_count() > before; })) << "round " << round;
      }
      const bool looks = round % 2 == 1;  // else the publishers of retained messages are back at once
      if (looks) hold_retained();
      std::this_thread::sleep_for(std::chrono::microseconds(random() % 60'000));
      broker().kill();
      const auto begin = Clock::now();
      broker().start();
      starts.push_back(std::chrono::duration<double, std::milli>(Clock::now() - begin).count());
      if (looks) check_retained();
      ASSERT_FALSE(HasFailure()) << "round " << round;
    }
    finish_load_and_check();
    std::sort(starts.begin(), starts.end());
    std::cout << rounds << " kills, " << ledger_.acknowledged_count() << " messages acknowledged, "
              << ledger_.arrived_count() << " arrived; start in ms: median " << starts[starts.size() / 2]
              << ", p99 " << starts[starts.size() * 99 / 100] << ", longest " << starts.back() << "\n";
  }
};

TEST_F(Kill, T64_AtAnyMomentKeepsEveryPromise) {
  HERMOD_NEEDS_OWN_BROKER();
  run_rounds(rounds_of(20));
}

/// What is written and not synced is the system's, and outlives the process.
TEST_F(Kill, AtAnyMomentLosesNothingThatIsSyncedLater) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with({{"store.flush", "interval:100"}});
  run_rounds(rounds_of(10));
}

TEST_F(Kill, AtAnyMomentLosesNothingThatIsOnlyWritten) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with({{"store.flush", "memory"}});
  run_rounds(rounds_of(10));
}

}  // namespace
}  // namespace hermod::crash
