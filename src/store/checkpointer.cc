#include "store/checkpointer.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/assert.h"
#include "base/log.h"
#include "store/checkpoint_writer.h"

namespace hermod::store {
namespace {

constexpr std::chrono::seconds kRetry{1};  // after an error, and while the store is full

}  // namespace

Checkpointer::Checkpointer(const Options& options, Memtable& memtable, LmdbTables& tables,
                           SegmentJournal& journal)
    : options_(options),
      memtable_(memtable),
      tables_(tables),
      journal_(journal),
      room_(options.journal_size(), options.tables_size()),
      due_(options.checkpoint_bytes, options.machine_memory) {
  measure();
  look_again();
  memtable_.set_room(&room_);
  memtable_.set_on_growth([this](Memtable::Growth active) { on_growth(active); });
}

Checkpointer::~Checkpointer() {
  stop();
}

Status Checkpointer::run_once() {
  const std::lock_guard writing(writing_);
  const GroupNo goal = memtable_.next_group();
  // Twice when an earlier checkpoint did not end: first what it left.
  for (;;) {
    const std::shared_ptr<const Generation> frozen = memtable_.freeze();
    {
      const std::lock_guard lock(mutex_);  // whoever waits looks again
      failing_ = false;
    }
    frozen_.notify_all();
    if (!frozen) return {};
    if (Status written = write_frozen(*frozen); !written) return written;
    if (frozen->last().v + 1 >= goal.v) return {};
  }
}

Status Checkpointer::write_frozen(const Generation& generation) {
  const auto begin = std::chrono::steady_clock::now();
  CheckpointWriter writer(generation, tables_, journal_, counts_);
  Status written = writer.write();
  const auto took = std::chrono::steady_clock::now() - begin;
  if (!written) {
    counts_.forget();
    memtable_.mark_frozen_unknown();
    {
      const std::lock_guard lock(mutex_);
      ++numbers_.failed;
      failing_ = true;
    }
    frozen_.notify_all();
    return written;
  }
  const GroupNo next{generation.last().v + 1};
  measure();  // first: what is in both places for a moment counts twice, and not never
  memtable_.drop_frozen();
  look_again();
  {
    const std::lock_guard lock(mutex_);
    ++numbers_.checkpoints;
    numbers_.bytes += writer.bytes();
    numbers_.last_micros =
        static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(took).count());
  }
  frozen_.notify_all();  // there may be more room
  return journal_.trim(next);
}

void Checkpointer::measure() {
  const std::uint64_t used = tables_.used_bytes();
  if (!room_.set_tables_used(used)) return;
  if (room_.full()) {
    log::event(log::Level::Error, "store.full",
               {{"used", used},
                {"max", options_.tables_size()},
                {"why", "messages that need the store are refused until there is room"}});
  } else {
    log::event(log::Level::Notice, "store.has_room", {{"used", used}, {"max", options_.tables_size()}});
  }
}

void Checkpointer::look_again() {
  set_look(due_.first_look(room_.due_at()));
}

void Checkpointer::set_look(CheckpointDue::Look look) {
  look_at_.store(look.record_bytes, std::memory_order_relaxed);
  look_at_memory_.store(look.memory_bytes, std::memory_order_relaxed);
}

void Checkpointer::start() {
  HERMOD_ASSERT(!thread_.joinable());
  const bool due = is_due();  // what a start has replayed may be enough
  {
    const std::lock_guard lock(mutex_);
    stopping_ = false;
    grown_ = grown_ || due;
  }
  thread_ = std::thread([this] { run(); });
}

void Checkpointer::stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  frozen_.notify_all();
  thread_.join();
}

Checkpointer::Numbers Checkpointer::numbers() const {
  const std::lock_guard lock(mutex_);
  return numbers_;
}

void Checkpointer::on_growth(Memtable::Growth active) {
  if (active.records < look_at_.load(std::memory_order_relaxed) &&
      active.memory < look_at_memory_.load(std::memory_order_relaxed))
    return;
  std::unique_lock lock(mutex_);
  if (!std::exchange(grown_, true)) wake_.notify_one();
  // The disk is behind: commits wait, and with them their publishers.
  frozen_.wait(lock, [this] {
    const bool is_small =
        memtable_.active_memory() < due_.most_memory(waiting()) && memtable_.active_bytes() < room_.wait_at();
    return is_small || failing_ || stopping_ || !thread_.joinable();
  });
}

CheckpointDue::Waiting Checkpointer::waiting() const {
  const Memtable::Size size = memtable_.active_size();
  return {size.live_bytes, size.streams, size.record_bytes, size.memory_bytes};
}

bool Checkpointer::is_due() {
  const CheckpointDue::Waiting waiting = this->waiting();
  const std::uint64_t room = room_.due_at();
  if (due_.is_due(waiting, room)) return true;
  set_look(due_.next_look(waiting, room));
  return false;
}

/// After an error it is tried again soon: the disk may have room by then. So may a full store, whose
/// consumers have erased what they got.
std::chrono::seconds Checkpointer::pause(bool written) const {
  if (written && !room_.full()) return options_.checkpoint_interval;
  return std::min(kRetry, options_.checkpoint_interval);
}

/// Nobody else hears of it: what was acknowledged is in the journal, until that is full.
void Checkpointer::tell(const Status& result, bool& fails) {
  const bool failed_before = std::exchange(fails, !result);
  if (fails && !failed_before) {
    log::event(
        log::Level::Error, "store.checkpoint_failed",
        {{"error", result.error().detail},
         {"why", "the journal grows until the tables can be written; it is tried again every second"}});
  } else if (!fails && failed_before) {
    log::event(log::Level::Notice, "store.checkpoints_go_on", {});
  }
}

void Checkpointer::run() {
  auto deadline = std::chrono::steady_clock::now() + pause(/*written=*/true);
  bool fails = false;
  for (;;) {
    bool in_time = false;
    {
      std::unique_lock lock(mutex_);
      in_time = wake_.wait_until(lock, deadline, [this] { return grown_ || stopping_; });
      if (stopping_) return;
      grown_ = false;
    }
    if (in_time && !is_due()) continue;
    const Status result = run_once();
    const bool written = result.has_value();
    tell(result, fails);
    deadline = std::chrono::steady_clock::now() + pause(written);
    if (!written) {
      set_look({~std::uint64_t{0}, ~std::uint64_t{0}});
    } else if (is_due()) {  // with less room than before
      const std::lock_guard lock(mutex_);
      grown_ = true;
    }
  }
}

}  // namespace hermod::store
