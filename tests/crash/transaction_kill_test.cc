#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/crash/crash_test.h"
#include "tests/crash/transaction_clients.h"

namespace hermod::crash {
namespace {

using namespace std::chrono_literals;

/// HERMOD_CRASH_ROUNDS kills (8 unless set), at moments that HERMOD_CRASH_SEED decides, of a broker that
/// commits and rolls back as fast as it can. Readers: a session, a named queue that is asked for each
/// message, and one that is not.
class TransactionKill : public CrashTest {
 protected:
  static constexpr std::size_t kSources = 4;

  void die_and_start() override {
    broker().kill();
    lives_.begin_life();
    timed_start();
  }

  void TearDown() override {
    sources_.clear();
    sinks_.clear();
    CrashTest::TearDown();
  }

  void run_rounds(std::uint64_t rounds, const char* flush) {
    std::mt19937_64 random(number_from("HERMOD_CRASH_SEED", 1));
    start_with({{"store.flush", flush},
                {"queues.plain.bind", "t/#"},
                {"queues.asked.bind", "t/#"},
                {"queues.asked.dedup_window", "1h"}});
    start_clients();
    for (std::uint64_t round = 0; round < rounds; ++round) {
      const std::uint64_t before = ledger_of_transactions_.ended_count();
      if (round % 2 == 0) {
        ASSERT_TRUE(in_time([&] { return ledger_of_transactions_.ended_count() > before; }))
            << "round " << round;
      }
      std::this_thread::sleep_for(std::chrono::microseconds(random() % 60'000));
      die_and_start();
      for (const std::string& one : ledger_of_transactions_.broken_promises()) ADD_FAILURE() << one;
      ASSERT_FALSE(HasFailure()) << "round " << round;
    }
    finish();
    std::cout << rounds << " rounds with transactions, " << ledger_of_transactions_.ended_count()
              << " ended, " << ledger_of_transactions_.arrived_count() << " messages arrived; "
              << start_times() << std::endl;
  }

 private:
  void start_clients() {
    const std::vector<std::pair<std::string, std::string>> readers{
        {"session", "t/#"}, {"plain", "$queue/plain"}, {"asked", "$queue/asked"}};
    for (const auto& [name, filter] : readers) {
      readers_.push_back(name);
      sinks_.push_back(
          std::make_unique<TransactionSink>(port(), name, filter, lives_, ledger_of_transactions_));
      sinks_.back()->start();
      ASSERT_TRUE(in_time([&] { return sinks_.back()->is_subscribed(); })) << name;
    }
    for (std::size_t i = 0; i < kSources; ++i) {
      sources_.push_back(std::make_unique<TransactionSource>(port(), "source" + std::to_string(i), lives_,
                                                             ledger_of_transactions_));
      sources_.back()->start();
    }
  }

  void finish() {
    for (auto& source : sources_) source->finish();
    ASSERT_TRUE(in_time([&] {
      return std::all_of(sources_.begin(), sources_.end(), [](const auto& one) { return one->is_idle(); });
    })) << "a source was never answered";
    die_and_start();
    EXPECT_TRUE(in_time([&] {
      return std::all_of(readers_.begin(), readers_.end(),
                         [&](const std::string& one) { return ledger_of_transactions_.has_all(one); });
    })) << "a reader has not got all";
    std::this_thread::sleep_for(200ms);  // nothing more comes
    for (const std::string& one : ledger_of_transactions_.violations(readers_)) ADD_FAILURE() << one;
  }

  QueueLedger lives_;
  TransactionLedger ledger_of_transactions_;
  std::vector<std::string> readers_;
  std::vector<std::unique_ptr<TransactionSource>> sources_;
  std::vector<std::unique_ptr<TransactionSink>> sinks_;
};

TEST_F(TransactionKill, AtAnyMomentATransactionIsWholeOrNothing) {
  HERMOD_NEEDS_OWN_BROKER();
  run_rounds(rounds_of(8), "sync");
}

TEST_F(TransactionKill, AtAnyMomentAlsoWhereWhatIsWrittenIsNotSynced) {
  HERMOD_NEEDS_OWN_BROKER();
  run_rounds(rounds_of(4), "memory");
}

}  // namespace
}  // namespace hermod::crash
