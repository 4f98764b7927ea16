#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <map>
#include <random>
#include <thread>

#include "tests/crash/crash_test.h"
#include "tests/crash/queue_control.h"
#include "tests/crash/queue_load.h"

namespace hermod::crash {
namespace {

using namespace std::chrono_literals;

/// HERMOD_CRASH_ROUNDS kills (8 unless set), at moments that HERMOD_CRASH_SEED decides, of a broker whose
/// named queues are used in every way they can be.
class QueueKill : public CrashTest {
 protected:
  static constexpr std::uint64_t kMoreRounds = 200;

  void die_and_start() override {
    broker().kill();
    queue_ledger_.begin_life();
    timed_start();
  }

  void TearDown() override {
    load_.reset();
    CrashTest::TearDown();
  }

  void run_rounds(std::uint64_t rounds, const char* flush) {
    std::mt19937_64 random(number_from("HERMOD_CRASH_SEED", 1));
    Settings settings = QueueLoad::settings();
    settings.emplace_back("store.flush", flush);
    start_broker({.settings = std::move(settings), .is_on_disk = true});
    // Copies of what leaves are made, and stored, all the time.
    MqttClient ear = durable_client("ear");
    for (const char* copies : {"$expired/#", "$dropped/#", "$dead/#"}) ear.subscribe(copies, 1);
    ear.disconnect();
    load_ = std::make_unique<QueueLoad>(port(), queue_ledger_);
    load_->start();
    ASSERT_TRUE(in_time([&] { return load_->is_subscribed(); })) << "a consumer was not answered";
    load_->begin();
    ASSERT_TRUE(in_time([&] { return load_->has_begun(); })) << "a publisher was not answered";
    std::uint64_t round = 0;
    // On a slow machine not everything has happened by then.
    for (; round < rounds || (round < rounds + kMoreRounds && !queue_ledger_.untried().empty()); ++round) {
      live(round, random);
      // Two rounds with consumers and two without at the queues that are looked at.
      if (round % 4 == 1) load_->hold_consumers();
      die_and_start();
      if (round % 4 == 1) set_marks();
      if (round % 4 == 3) look_at_contents();
      for (const std::string& one : queue_ledger_.broken_promises()) ADD_FAILURE() << one;
      ASSERT_FALSE(HasFailure()) << "round " << round;
    }
    EXPECT_THAT(queue_ledger_.untried(), ::testing::IsEmpty());
    finish();
    std::cout << round << " rounds with queues, " << queue_ledger_.acknowledged_count() << " acknowledged, "
              << queue_ledger_.arrived_count() << " arrived, " << queue_ledger_.dead_count()
              << " dead letters, " << queue_ledger_.violations().size() << " promises broken; "
              << start_times() << std::endl;
  }

 private:
  /// Until the moment of the kill.
  void live(std::uint64_t round, std::mt19937_64& random) {
    const std::uint64_t before = queue_ledger_.acknowledged_count();
    std::unique_ptr<QueueControl> control;
    // Every other death comes to a broker that works again, the rest to one that may still be starting.
    if (round % 2 == 0) {
      ASSERT_TRUE(in_time([&] { return queue_ledger_.acknowledged_count() > before; })) << "round " << round;
      control = std::make_unique<QueueControl>(port());
      look_at_lengths(*control);
    }
    // Nobody consumes from the queues that are looked at: they are full now.
    if (round % 4 == 3) {
      ASSERT_TRUE(in_time([&] { return is_published_since_marks(QueueLoad::kMaxLength * 3 / 2); }));
    }
    // Some live so long that what takes time happens: pauses, timeouts and expiry.
    const std::uint64_t longest = random() % 4 == 0 ? 300'000 : 60'000;
    // What is dead is given back, in some rounds as the last that the broker hears.
    const bool ends_with_redrive = random() % 2 == 0;
    if (control && !ends_with_redrive) control->begin_redrive("keyed.dlq");
    std::this_thread::sleep_for(std::chrono::microseconds(random() % longest));
    if (!control || !ends_with_redrive) return;
    control->begin_redrive("keyed.dlq");
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 10'000));
  }

  void look_at_lengths(QueueControl& control) {
    for (const char* queue : {"full", "drop-oldest", "drop-newest", "dead-letter"})
      queue_ledger_.holds(queue, control.messages_in(queue));
  }

  void set_marks() {
    for (const std::string& queue : QueueLoad::watched()) marks_[queue] = load_->next_of(queue);
  }

  bool is_published_since_marks(std::uint64_t messages) const {
    return std::all_of(marks_.begin(), marks_.end(), [&](const auto& mark) {
      return load_->next_of(mark.first) >= mark.second + messages;
    });
  }

  void look_at_contents() {
    load_->pause_watched();
    ASSERT_TRUE(in_time([&] { return load_->is_watched_quiet(); }));
    QueueControl control(port());
    for (const std::string& queue : QueueLoad::watched())
      queue_ledger_.remains(queue, control.contents_of(queue), marks_[queue]);
    load_->resume_watched();
    load_->release_consumers();
  }

  /// Everything comes to its end, and the broker is held to what it promised.
  void finish() {
    load_->finish();
    ASSERT_TRUE(in_time([&] { return load_->is_finished(); })) << "a publisher was never answered";
    die_and_start();
    load_->release_consumers();
    load_->empty_dead_letters();
    std::string held;
    EXPECT_TRUE(in_time([&] {
      held = what_is_held();
      return held.empty();
    })) << "never emptied:"
        << held;
    die_and_start();
    EXPECT_EQ(what_is_held(), "") << "what was done came back";
    load_->stop();
    for (const std::string& one : queue_ledger_.violations()) ADD_FAILURE() << one;
  }

  std::string what_is_held() {
    QueueControl control(port());
    std::string held;
    for (const std::string& queue : QueueLoad::queues())
      if (const std::uint64_t messages = control.messages_in(queue))
        held += " " + queue + " " + std::to_string(messages);
    return held;
  }

  QueueLedger queue_ledger_;
  std::unique_ptr<QueueLoad> load_;
  std::map<std::string, std::uint64_t> marks_;
};

TEST_F(QueueKill, AtAnyMomentKeepsEveryPromiseOfItsQueues) {
  HERMOD_NEEDS_OWN_BROKER();
  run_rounds(rounds_of(8), "sync");
}

/// Commits are many then, and small.
TEST_F(QueueKill, AtAnyMomentLosesNothingThatIsOnlyWritten) {
  HERMOD_NEEDS_OWN_BROKER();
  run_rounds(rounds_of(4), "memory");
}

}  // namespace
}  // namespace hermod::crash
