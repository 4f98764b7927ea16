#include <chrono>
#include <random>
#include <thread>
#include <utility>

#include "tests/crash/crash_test.h"

namespace hermod::crash {
namespace {

/// So many messages later the sleeper comes for its queue, or a start of a long run would count little else.
constexpr std::uint64_t kWakesAfter = 50'000;

/// HERMOD_CRASH_ROUNDS kills (20 unless set), at moments that HERMOD_CRASH_SEED decides.
class Kill : public CrashTest {
 protected:
  /// The queue of the sleeper is never full.
  void start(support::Settings settings) {
    settings.emplace_back("session.max_queued_messages", "1000000");
    settings.emplace_back("session.max_queued_bytes", "4GiB");
    start_broker({.settings = std::move(settings), .is_on_disk = true});
  }

  void run_rounds(std::uint64_t rounds) {
    std::mt19937_64 random(number_from("HERMOD_CRASH_SEED", 1));
    start_load();
    std::uint64_t wakes_at = kWakesAfter;
    for (std::uint64_t round = 0; round < rounds; ++round) {
      // Every other death comes to a broker that works again, the rest to one that may still be starting.
      const std::uint64_t before = ledger_.acknowledged_count();
      if (round % 2 == 0) {
        ASSERT_TRUE(in_time([&] { return ledger_.acknowledged_count() > before; })) << "round " << round;
      }
      const bool looks = round % 2 == 1;  // else the publishers of retained messages are back at once
      if (looks) hold_retained();
      std::this_thread::sleep_for(std::chrono::microseconds(random() % 60'000));
      die_and_start();
      if (looks) check_retained();
      if (ledger_.acknowledged_count() > wakes_at) {
        wake_sleeper();
        wakes_at = ledger_.acknowledged_count() + kWakesAfter;
      }
      if (HasFailure()) {
        report(std::to_string(round + 1) + " of " + std::to_string(rounds) + " rounds");
        FAIL() << "round " << round;
      }
    }
    finish_load_and_check();
    report(std::to_string(rounds) + " rounds");
  }
};

TEST_F(Kill, T64_AtAnyMomentKeepsEveryPromise) {
  HERMOD_NEEDS_OWN_BROKER();
  start({});
  run_rounds(rounds_of(20));
}

/// What is written and not synced is the system's, and outlives the process.
TEST_F(Kill, T64_AtAnyMomentLosesNothingThatIsSyncedLater) {
  HERMOD_NEEDS_OWN_BROKER();
  start({{"store.flush", "interval:100"}});
  run_rounds(rounds_of(10));
}

TEST_F(Kill, T64_AtAnyMomentLosesNothingThatIsOnlyWritten) {
  HERMOD_NEEDS_OWN_BROKER();
  start({{"store.flush", "memory"}});
  run_rounds(rounds_of(10));
}

/// None is lost, and none comes twice at QoS 2, though the broker dies while they wait and while they leave.
TEST_F(Kill, T64_AtAnyMomentLosesAndRepeatsNoDelayedMessage) {
  HERMOD_NEEDS_OWN_BROKER();
  delays_ = true;
  start({});
  run_rounds(rounds_of(10));
}

/// Offsets have no gap, and none is given twice.
class StreamKill : public CrashTest {
 protected:
  void run_rounds(std::uint64_t rounds, const char* flush) {
    start_broker({.settings = with_stream({{"store.flush", flush}}), .is_on_disk = true});
    std::mt19937_64 random(number_from("HERMOD_CRASH_SEED", 1));
    start_stream_load();
    for (std::uint64_t round = 0; round < rounds; ++round) {
      const std::uint64_t before = ledger_.acknowledged_count();
      const std::uint64_t read_before = offsets_.count();
      if (round % 2 == 0) {
        ASSERT_TRUE(in_time([&] {
          return ledger_.acknowledged_count() > before && offsets_.count() > read_before;
        })) << "round "
            << round;
      }
      std::this_thread::sleep_for(std::chrono::microseconds(random() % 60'000));
      die_and_start();
    }
    finish_stream_load_and_check();
    report_stream(std::to_string(rounds) + " rounds");
  }
};

TEST_F(StreamKill, T64_AtAnyMomentLeavesNoGapAndLosesNothing) {
  HERMOD_NEEDS_OWN_BROKER();
  run_rounds(rounds_of(10), "sync");
}

TEST_F(StreamKill, T64_AtAnyMomentLosesNothingThatIsOnlyWritten) {
  HERMOD_NEEDS_OWN_BROKER();
  run_rounds(rounds_of(6), "memory");
}

}  // namespace
}  // namespace hermod::crash
