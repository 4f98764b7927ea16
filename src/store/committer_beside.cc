// What of the committer has to do with groups that are synced beside it.
#include <utility>

#include "store/committer.h"

namespace hermod::store {
namespace {

/// Batches in a group that are worth two changes of threads, which cost some 20 us.
constexpr std::size_t kWorthBeside = 64;
/// Groups whose sync is under way or will follow it at once.
constexpr std::size_t kMostBeside = 2;

}  // namespace

/// One group of everything that is held.
void Committer::write_held() {
  if (!wait_for_syncs()) return;
  hurry_ = false;
  held_.leave_out_cancelled();
  const Flush flush = flush_for(held_.batches());
  const bool syncs = flush.when == Flush::When::Sync;
  const bool beside = syncs && is_worth_beside();
  if (!beside) land();  // nobody waits for the sync of this one
  const auto sync = syncs && !beside ? Journal::Sync::Now : Journal::Sync::Later;
  const Result<Written> written = append(held_.batches(), sync, flush);
  if (!written) return fail(written.error());
  if (!beside || written->number.v == 0) {
    land();
    return arrive(held_, *written);
  }
  depart(*written);
  land();
}

/// The same when nothing more fits. It does not become larger by waiting for a sync that is under way, so it
/// is written beside that, and the disk goes from one to the next without this thread.
void Committer::write_full() {
  if (!is_syncing() || !is_worth_beside() || flush_for(held_.batches()).is_relaxed()) return write_held();
  if (!hear_syncs()) return;
  while (syncs_begun_ == kMostBeside) {
    if (!wait_for_a_sync()) return;
  }
  hurry_ = false;
  held_.leave_out_cancelled();
  const Result<Written> written = append(held_.batches(), Journal::Sync::Later, Flush{});
  if (written && written->number.v != 0) {
    depart(*written);
    return land();
  }
  if (!wait_for_syncs()) return;
  land();
  written ? arrive(held_, *written) : fail(written.error());
}

bool Committer::is_worth_beside() const {
  return syncer_ != nullptr && held_.size() >= kWorthBeside;
}

/// What is held has been written, and will be synced.
void Committer::depart(const Written& written) {
  syncer_->begin();
  ++syncs_begun_;
  flying_.push_back({std::move(held_), written});
  held_ = {};
  if (spares_.empty()) return;
  held_ = std::move(spares_.back());
  spares_.pop_back();
}

void Committer::arrive(HeldBatches& group, const Written& written) {
  if (sink_ != nullptr && written.number.v != 0)
    sink_->applied(written.number, written.batch_time, group.batches());
  const std::size_t cost = group.cost();
  group.finish_all(/*split=*/false, spent_, [this](std::span<Done> run, bool) { tell_durable(run); });
  finished(cost);
}

/// What was synced beside the committer, if there is any.
void Committer::land() {
  while (!flying_.empty() && flying_.front().is_synced) {
    arrive(flying_.front().batches, flying_.front().written);
    spares_.push_back(std::move(flying_.front().batches));
    flying_.pop_front();
  }
}

bool Committer::is_syncing() {
  if (syncs_begun_ == 0) return false;
  const std::lock_guard lock(mutex_);
  return syncs_ended_.size() < syncs_begun_;
}

bool Committer::wait_for_a_sync() {
  Status synced;
  {
    std::unique_lock lock(mutex_);
    work_.wait(lock, [this] { return !syncs_ended_.empty(); });
    synced = std::move(syncs_ended_.front());
    syncs_ended_.pop_front();
  }
  Flying& group = flying_[flying_.size() - syncs_begun_--];
  if (!synced) {
    fail(synced.error());
    return false;
  }
  group.is_synced = true;
  settle_reservations();
  return true;
}

bool Committer::wait_for_syncs() {
  while (syncs_begun_ > 0) {
    if (!wait_for_a_sync()) return false;
  }
  return healthy();
}

bool Committer::hear_syncs() {
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (syncs_ended_.empty()) return healthy();
    }
    if (!wait_for_a_sync()) return false;
  }
}

void Committer::fail(const Error& why) {
  {
    // Who hears of it may repair the journal: the syncer must be done with it.
    std::unique_lock lock(mutex_);
    work_.wait(lock, [this] { return syncs_ended_.size() == syncs_begun_; });
    syncs_ended_.clear();
  }
  syncs_begun_ = 0;
  // A sync that begins late covers what was written behind the group it is for, and may fail because of that.
  const GroupNo synced = journal_.synced();
  for (Flying& group : flying_) group.is_synced = group.written.number <= synced;
  settle_reservations();
  land();
  failure_ = why;
  sequences_.forget_reservations();
  reservations_.clear();
  unsettled_.clear();
  sync_by_.reset();
  hurry_ = false;
  healthy_.store(false, std::memory_order_release);
  for (Flying& group : flying_) fail_all(group.batches);
  flying_.clear();
  fail_all(held_);
}

void Committer::fail_all(HeldBatches& group) {
  const std::size_t cost = group.cost();
  group.finish_all(/*split=*/true, spent_, [this](std::span<Done> run, bool empty) {
    if (empty) return tell_durable(run);
    give_back_gapless(run);
    observer_.on_failed(run, failure_);
  });
  finished(cost);
}

/// Everything that was given and has not become durable fails, and the repair takes it out of the journal: a
/// stream goes on at the first that was lost.
void Committer::give_back_gapless(std::span<const Done> failed) {
  if (gapless_.empty()) return;
  for (const Done& one : failed)
    for (const Appended& entry : one.appended)
      if (gapless_.contains(entry.stream)) sequences_.give_back(entry.stream, entry.seq);
}

}  // namespace hermod::store
