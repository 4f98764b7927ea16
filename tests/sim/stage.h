#pragma once
#include <chrono>
#include <cstddef>
#include <memory>

#include "base/counters.h"
#include "tests/sim/network.h"
#include "tests/sim/random.h"
#include "tests/sim/report.h"
#include "tests/sim/trouble.h"
#include "tests/support/faulty_journal.h"
#include "tests/support/manual_clock.h"
#include "tests/support/stepped_broker.h"
#include "tests/support/temporary_store.h"

namespace hermod::sim {

/// A broker in one thread over a real store, and the network between it and its clients: a seed decides what
/// of it moves next. Behind a crash the broker is another one. Owned by one story.
class Stage {
 public:
  Stage(broker::Options options, Trouble trouble, Random& random, Report& report);

  test::SteppedBroker& broker() { return *broker_; }
  std::chrono::nanoseconds now() { return broker_->clock().passed(); }

  /// A new connection to any of the shards.
  std::shared_ptr<test::FakePeer> connect();
  /// Any of: bytes arrive, a shard steps, timers run, a group is committed, a page is read.
  void move();
  /// Between ticks only: a tick takes no time.
  void pass(std::chrono::milliseconds time);
  /// Everything that has to be done is done, but for what waits for a later time.
  void settle();

  /// The append after a few more fails.
  void plan_failure();
  /// The store is asked for again, when it has failed.
  void repair();
  bool has_failed_page() const { return has_failed_page_; }
  bool has_failed() { return journal().failures() > failures_before_; }
  bool is_healthy() { return broker_->committer().healthy(); }
  /// A failed append may be whole on the disk; what a start finds then was refused all the same.
  bool may_hide() const { return hides_; }
  void checkpoint();
  /// The broker goes with everything that is not on the disk, and starts again after some time.
  void crash();

 private:
  test::FaultyJournal& journal() { return store_.journal(); }
  std::size_t any_shard() { return random_.below(broker_->shard_count()); }
  void poll_somebody();
  void read_page();
  void start();

  const broker::Options options_;
  const Trouble trouble_;
  Random& random_;
  Report& report_;
  test::ManualClock clock_;
  Counters counters_;
  test::TemporaryStore store_;
  std::unique_ptr<test::SteppedBroker> broker_;
  Network network_;
  std::size_t failures_before_ = 0;
  bool hides_ = false;
  bool has_failed_page_ = false;
};

}  // namespace hermod::sim
