#include "store/checkpointer.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/assert.h"
#include "store/checkpoint_writer.h"

namespace hermod::store {
namespace {

/// Entries of one stream lie side by side in the tables. Below so many bytes of a stream the pages around
/// them weigh more than they do, and it pays to wait for more of them.
constexpr std::uint64_t kThinStream = 16 * 1024;
constexpr std::uint64_t kMaxWait = 8;   // times checkpoint_bytes
constexpr std::uint64_t kFewBytes = 8;  // a fraction: an eighth of checkpoint_bytes
constexpr std::chrono::seconds kRetry{1};
/// What is not in the tables is known in memory. From here on it is worth a checkpoint; at twice as much it
/// is one in any case, and commits wait for it at four times as much.
constexpr std::uint64_t kMemory = std::uint64_t{5} << 20;
constexpr std::uint64_t kMostMemory = 4 * kMemory;

}  // namespace

Checkpointer::Checkpointer(const Options& options, Memtable& memtable, LmdbTables& tables,
                           SegmentJournal& journal)
    : options_(options),
      memtable_(memtable),
      tables_(tables),
      journal_(journal),
      look_at_(options.checkpoint_bytes),
      look_at_memory_(kMemory) {
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
    // The next one takes everything, and can begin with what was erased.
    if (written.error().code == Errc::NoSpace) static_cast<void>(memtable_.unite(journal_));
    return written;
  }
  const GroupNo next{generation.last().v + 1};
  memtable_.drop_frozen();
  look_at_.store(options_.checkpoint_bytes, std::memory_order_relaxed);
  look_at_memory_.store(kMemory, std::memory_order_relaxed);
  {
    const std::lock_guard lock(mutex_);
    ++numbers_.checkpoints;
    numbers_.bytes += writer.bytes();
    numbers_.last_micros =
        static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(took).count());
  }
  return journal_.trim(next);
}

void Checkpointer::start() {
  HERMOD_ASSERT(!thread_.joinable());
  stopping_ = false;
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
    return memtable_.active_memory() < kMostMemory || failing_ || stopping_ || !thread_.joinable();
  });
}

bool Checkpointer::is_due() {
  const Memtable::Size size = memtable_.active_size();
  if (size.record_bytes < options_.checkpoint_bytes && size.memory_bytes < kMemory) return false;
  const std::uint64_t limit =
      std::min<std::uint64_t>(kMaxWait * options_.checkpoint_bytes, options_.max_size / 16);
  const bool few = size.live_bytes < options_.checkpoint_bytes / kFewBytes;
  const bool thick = size.live_bytes >= kThinStream * size.streams;
  if (few || thick || size.record_bytes >= limit || size.memory_bytes >= kMostMemory / 2) return true;
  look_at_memory_.store(size.memory_bytes + kMemory / 2, std::memory_order_relaxed);
  look_at_.store(size.record_bytes + options_.checkpoint_bytes, std::memory_order_relaxed);
  return false;
}

void Checkpointer::run() {
  auto deadline = std::chrono::steady_clock::now() + options_.checkpoint_interval;
  for (;;) {
    bool in_time = false;
    {
      std::unique_lock lock(mutex_);
      in_time = wake_.wait_until(lock, deadline, [this] { return grown_ || stopping_; });
      if (stopping_) return;
      grown_ = false;
    }
    if (in_time && !is_due()) continue;
    const bool written = run_once().has_value();
    // After an error it is tried again soon: the disk may have room by then.
    const auto wait = written ? options_.checkpoint_interval : std::min(kRetry, options_.checkpoint_interval);
    deadline = std::chrono::steady_clock::now() + wait;
    if (!written) {
      look_at_.store(~std::uint64_t{0}, std::memory_order_relaxed);
      look_at_memory_.store(~std::uint64_t{0}, std::memory_order_relaxed);
    }
  }
}

}  // namespace hermod::store
