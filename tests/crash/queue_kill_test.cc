#include <chrono>
#include <random>
#include <thread>

#include "tests/crash/crash_test.h"

namespace hermod::crash {
namespace {

/// HERMOD_CRASH_ROUNDS kills (20 unless set) of a broker whose load goes through named queues: two workers
/// share one and are killed with it in the middle of everything.
class QueueKill : public CrashTest {
 protected:
  static constexpr const char* kWorkers[] = {"worker-1", "worker-2"};

  void start_queues() {
    start_with({{"queues.work.bind", "w/#"},
                {"queues.work.retry", "10ms"},
                {"queues.work.lanes", "4"},
                {"queues.once.bind", "o/#"}});
    for (const char* worker : kWorkers) {
      ledger_.shares(worker);
      add({.id = worker, .subscriptions = {{"$queue/work", 1}}});
    }
    add({.id = "keeper", .subscriptions = {{"$queue/once", 2}}});
    publishers_.push_back(&add({.id = "source", .topic = "o/0", .qos = 2, .window = 10}));
    for (int i = 0; i < 3; ++i) {
      const std::string n = std::to_string(i);
      publishers_.push_back(&add({.id = "boss-" + n, .topic = "w/" + n, .qos = 1, .window = 10}));
    }
    ASSERT_TRUE(in_time([&] {
      return std::all_of(publishers_.begin(), publishers_.end(),
                         [&](auto* p) { return ledger_.last_acknowledged(p->topic()).has_value(); });
    }));
  }
  bool is_worked_off() const { return ledger_.group_violations({kWorkers[0], kWorkers[1]}, "w/").empty(); }
};

TEST_F(QueueKill, AtAnyMomentEveryMessageReachesAWorker) {
  HERMOD_NEEDS_OWN_BROKER();
  std::mt19937_64 random(number_from("HERMOD_CRASH_SEED", 1));
  start_queues();
  const std::uint64_t rounds = rounds_of(20);
  for (std::uint64_t round = 0; round < rounds; ++round) {
    const std::uint64_t before = ledger_.acknowledged_count();
    if (round % 2 == 0) {
      ASSERT_TRUE(in_time([&] { return ledger_.acknowledged_count() > before; })) << "round " << round;
    }
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 60'000));
    die_and_start();
  }
  finish_publishers();
  die_and_start();
  in_time([&] { return is_worked_off() && ledger_.is_complete("keeper", "o/"); });
  stop_clients();
  for (const std::string& violation : ledger_.group_violations({kWorkers[0], kWorkers[1]}, "w/"))
    ADD_FAILURE() << violation;
  for (const std::string& violation : ledger_.violations({"keeper"}, "o/")) ADD_FAILURE() << violation;
  report(std::to_string(rounds) + " rounds with queues");
}

}  // namespace
}  // namespace hermod::crash
