// The broker crashes and starts again from what is on the disk.

#include <algorithm>
#include <utility>

#include "broker/shard.h"
#include "tests/sim/schedule.h"

namespace hermod::sim {

namespace {

constexpr std::size_t kMostCrashes = 3;
/// Groups that may still reach the disk in the commit in which the broker crashes.
constexpr std::size_t kLastGroups = 4;
constexpr unsigned kStepsPerCheckpoint = 300;

}  // namespace

/// Starts are slow: a child process looks through the store first. So there are few, in steps chosen before.
void Schedule::plan_crashes() {
  const std::size_t count = 1 + random_.below(kMostCrashes);
  for (std::size_t i = 0; i < count; ++i) crashes_.push_back(1 + random_.below(steps_));
  std::sort(crashes_.rbegin(), crashes_.rend());
}

/// One append fails; to a crash that comes soon it makes a difference what it left.
void Schedule::plan_failure() {
  const std::size_t good = random_.below(60);
  const bool whole = trouble_.broker_crashes && random_.chance(50);
  journal().fail_after(good, Errc::Io,
                       whole ? test::FaultyJournal::Trace::Whole : test::FaultyJournal::Trace::None);
}

void Schedule::random_trouble() {
  if (random_.below(kStepsPerCheckpoint) == 0) checkpoint();
  while (!crashes_.empty() && crashes_.back() <= report_.moment().step) {
    crashes_.pop_back();
    crash();
  }
}

void Schedule::checkpoint() {
  report_.note("checkpoint");
  if (!disk_->store.store().checkpoint()) report_.violation("a checkpoint failed");
}

/// Clients hear of it in their own time. The last commits may be on the disk although nobody was told, and
/// bytes that were written may still arrive.
void Schedule::crash() {
  const Moment crashed = report_.moment();
  const bool in_commit = random_.chance(50);
  const std::size_t groups = in_commit ? random_.below(kLastGroups) : 0;
  report_.note("the broker crashes (groups still written)", static_cast<std::int64_t>(groups));
  disk_->store.cut_power(groups);
  if (in_commit) broker_->commit();
  disk_->store.cut_power();
  lose_broker();
  static constexpr std::int64_t kMilliseconds[] = {0, 0, 1, 100, 3000, 40'000};
  disk_->clock.advance(std::chrono::milliseconds(random_.pick(kMilliseconds)));
  report_.moment().time = disk_->clock.passed();
  disk_->store.open();
  start_broker();
  report_.note("the broker has started (sessions, queued messages, exchanges)",
               static_cast<std::int64_t>(broker_->recovered().sessions),
               static_cast<std::int64_t>(broker_->recovered().queued_messages),
               static_cast<std::int64_t>(broker_->recovered().exchanges));
  if (trouble_.disk_fails && random_.chance(50)) plan_failure();
  if (broker_->recovered().damaged != 0 && !ledger_.is_disturbed()) report_.violation("records are damaged");
  for (const auto& client : clients_) client->broker_crashed(crashed, durable_);
  ledger_.broker_crashed(durable_);
}

void Schedule::lose_broker() {
  network_.lose_broker(random_);
  elided_ += broker_->counted(Counter::PublishElided);
  broker_.reset();
  disk_->store.lose();
}

void Schedule::start_broker() {
  broker_ = std::make_unique<test::SteppedBroker>(
      options_, test::SteppedBroker::Ground{disk_->clock, disk_->counters, disk_->store});
  timers_run_.assign(broker_->shard_count(), std::chrono::nanoseconds{0});
}

}  // namespace hermod::sim
