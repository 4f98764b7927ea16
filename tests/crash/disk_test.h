#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <thread>
#include <utility>

#include "tests/crash/crash_test.h"
#include "tests/crash/file_faults.h"

namespace hermod::crash {

/// A broker on a disk that the test can take the power from and that fails when the test says so.
class DiskTest : public CrashTest {
 protected:
  void SetUp() override { HERMOD_NEEDS_OWN_BROKER(); }

  /// Small checkpoints, so that the tables are written all the time.
  support::Settings settings_{{"store.checkpoint_size", "1MiB"},
                              {"store.checkpoint_interval", "1s"},
                              {"session.max_queued_messages", "1000000"},
                              {"session.max_queued_bytes", "4GiB"},
                              {"admin.sys_interval", "1s"}};

  void start() { start(settings_); }
  void start(support::Settings settings) {
    start_broker({.settings = std::move(settings), .in_front = faults_.words()});
    ASSERT_GT(faults_.control().operations, 0U) << "the broker runs without the file layer";
  }

  /// The broker starts, or its power fails meanwhile.
  bool starts_again() {
    try {
      timed_start();
      return true;
    } catch (const support::Unexpected&) {
      if (broker().running() || faults_.control().cut_at == faults::kNever) throw;
      return false;
    }
  }

  void cut(Fate fate) {
    broker().kill();
    faults_.control().cut_at = faults::kNever;
    faults_.cut_power(broker().data_folder(), fate);
    if (forgiven_) {
      for (const char* prefix : {"l/one/", "s/"}) ledger_.forgive(prefix, *forgiven_);
    }
  }

  /// The life of a round and its end, which may come again during the start behind it. Returns the cuts.
  std::uint64_t live_until_cut(std::uint64_t round) {
    using namespace std::chrono_literals;
    if (random_() % 4 == 0) {
      std::this_thread::sleep_for(std::chrono::microseconds(random_() % 150'000));
    } else {
      // Every eighth lives long enough for a checkpoint; else each start would replay more than the one
      // before.
      cut_after(1 + random_() % (round % 8 == 7 ? 20'000 : 400));
      run_at_most(2s);
    }
    std::uint64_t cuts = 0;
    do {
      ++cuts;
      cut(Fate::Any);
      if (random_() % 3 == 0) cut_after(1 + random_() % 40);  // the next one comes during the start
      if (starts_again()) call_off_cut();
    } while (!broker().running());
    return cuts;
  }

  /// Behind so many more operations on the files.
  void cut_after(std::uint64_t operations) {
    faults_.control().cut_at = faults_.control().operations + operations;
  }

  /// When it is too late for that, the broker has ended on return.
  void call_off_cut() {
    if (faults_.control().cut_at.exchange(faults::kNever) == faults::kCome) {
      EXPECT_TRUE(in_time([&] { return !broker().running(); }));
    }
  }

  /// Until then, or until it has ended.
  void run_at_most(std::chrono::milliseconds time) {
    using namespace std::chrono_literals;
    for (const auto end = support::Clock::now() + time; support::Clock::now() < end && broker().running();)
      std::this_thread::sleep_for(2ms);
  }

  void die_and_start() override {
    cut(Fate::Any);
    ASSERT_TRUE(starts_again());
  }

  bool logged(const char* what) { return broker().log().find(what) != std::string::npos; }

  /// How long before a power cut a QoS 1 message may have been acknowledged that is lost in it. Nothing: none
  /// is.
  std::optional<std::chrono::milliseconds> forgiven_;
  std::mt19937_64 random_{number_from("HERMOD_CRASH_SEED", 1)};
  FileFaults faults_{random_()};
};

}  // namespace hermod::crash
