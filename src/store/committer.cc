#include "store/committer.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/assert.h"

namespace hermod::store {
namespace {

constexpr std::size_t kExpectAhead = 8;  // batches
constexpr std::size_t kNoOp = ~std::size_t{0};
constexpr MonotonicTime kNotByItself = MonotonicTime::max();

bool is_narrow(const WriteBatch& batch) {
  return batch.append_count() <= 4;
}

/// Calls `visit` for each longest run of neighbours that are alike in this.
template <class Same, class Visit>
void for_each_run(std::size_t count, Same&& quality, Visit&& visit) {
  for (std::size_t first = 0; first < count;) {
    const bool is = quality(first);
    std::size_t last = first + 1;
    while (last < count && quality(last) == is) ++last;
    visit(first, last - first, is);
    first = last;
  }
}

}  // namespace

Committer::Committer(const Options& options, Journal& journal, CommitObserver& observer, const Clock& clock,
                     CommitSink* sink)
    : options_(options), journal_(journal), observer_(observer), clock_(clock), sink_(sink) {}

Committer::~Committer() {
  stop();
}

void Committer::submit(WriteBatch batch, std::unique_ptr<Ticket> ticket, bool may_wait, bool needs_sync) {
  bytes_in_flight_.fetch_add(cost(batch), std::memory_order_relaxed);
  bool asleep = false;
  {
    const std::lock_guard lock(mutex_);
    inbox_.batches.push_back({std::move(batch), std::move(ticket), may_wait, needs_sync});
    asleep = std::exchange(sleeping_, false);
  }
  if (asleep) work_.notify_one();
}

void Committer::submit_all(std::vector<Submission>& batches, BatchMemory* spent) {
  if (batches.empty()) return;
  std::size_t bytes = 0;
  for (const Submission& submission : batches) bytes += cost(submission.batch);
  bytes_in_flight_.fetch_add(bytes, std::memory_order_relaxed);
  bool asleep = false;
  {
    const std::lock_guard lock(mutex_);
    if (inbox_.batches.empty()) {
      inbox_.batches.swap(batches);
    } else {
      inbox_.batches.insert(inbox_.batches.end(), std::make_move_iterator(batches.begin()),
                            std::make_move_iterator(batches.end()));
    }
    if (spent != nullptr && spent->empty()) spent->swap(given_back_);
    asleep = std::exchange(sleeping_, false);
  }
  batches.clear();
  if (asleep) work_.notify_one();
}

void Committer::hurry() {
  bool asleep = false;
  {
    const std::lock_guard lock(mutex_);
    inbox_.hurry = true;
    asleep = std::exchange(sleeping_, false);
  }
  if (asleep) work_.notify_one();
}

void Committer::restore_next(StreamId stream, Seq next) {
  const std::lock_guard lock(mutex_);
  inbox_.restored.emplace_back(stream, next);
}

void Committer::restore_gapless(StreamId stream, Seq next) {
  const std::lock_guard lock(mutex_);
  inbox_.gapless.emplace_back(stream, next);
}

void Committer::forget(StreamId stream) {
  const std::lock_guard lock(mutex_);
  inbox_.forgotten.push_back(stream);
}

void Committer::resume(GroupNo next_group) {
  bool asleep = false;
  {
    const std::lock_guard lock(mutex_);
    inbox_.resumed = next_group;
    inbox_.before_resume = inbox_.batches.size();
    asleep = std::exchange(sleeping_, false);
  }
  if (asleep) work_.notify_one();
}

bool Committer::run_once() {
  HERMOD_ASSERT(!thread_.joinable());
  {
    const std::lock_guard lock(mutex_);
    std::swap(inbox_, in_hand_);
    if (given_back_.empty()) given_back_.swap(spent_);
  }
  const bool any = in_hand_.has_work() || is_due() || is_sync_due();
  process();
  return any;
}

void Committer::start() {
  HERMOD_ASSERT(!thread_.joinable());
  stopping_ = false;
  syncer_ = std::make_unique<Syncer>(journal_, [this](Status synced) {
    {
      const std::lock_guard lock(mutex_);
      syncs_ended_.push_back(std::move(synced));
    }
    work_.notify_one();
  });
  thread_ = std::thread([this] { run(); });
}

void Committer::stop() {
  if (thread_.joinable()) {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    work_.notify_one();
    thread_.join();
    syncer_.reset();
  }
  while (run_once()) {
  }
  if (held_.size() > 0) write_held();
  if (sync_by_) sync_written();
}

void Committer::run() {
  for (bool stopping = false; !stopping;) {
    {
      std::unique_lock lock(mutex_);
      wait(lock);
      stopping = stopping_ && !inbox_.has_work();
      std::swap(inbox_, in_hand_);
      if (given_back_.empty()) given_back_.swap(spent_);
    }
    process();
  }
  if (wait_for_syncs()) land();
}

/// For work, for the end, for the end of a sync, or until what is held, or written and not synced, has waited
/// long enough; none of that is done while a sync is under way.
void Committer::wait(std::unique_lock<std::mutex>& lock) {
  std::optional<MonotonicTime> until;
  if (syncs_begun_ == 0) {
    until = held_.wait_until();
    if (const auto sync = sync_at(); sync && (!until || *sync < *until)) until = sync;
  }
  while (!inbox_.has_work() && !stopping_ && syncs_ended_.empty()) {
    sleeping_ = true;
    if (!until) {
      work_.wait(lock);
    } else if (const auto left = *until - clock_.now();
               left.count() <= 0 || work_.wait_for(lock, left) == std::cv_status::timeout) {
      break;
    }
  }
  sleeping_ = false;
}

void Committer::process() {
  for (const auto& [stream, next] : in_hand_.restored) sequences_.restore(stream, next);
  for (const auto& [stream, next] : in_hand_.gapless) {
    sequences_.restore(stream, next);
    gapless_.insert(stream);
  }
  std::span<Submission> waiting(in_hand_.batches);
  if (in_hand_.resumed) {
    commit_all(waiting.first(in_hand_.before_resume));
    if (held_.size() > 0) write_held();
    if (wait_for_syncs()) land();
    waiting = waiting.subspan(in_hand_.before_resume);
    next_group_ = *in_hand_.resumed;
    healthy_.store(true, std::memory_order_release);
  }
  commit_all(waiting);
  hurry_ = (hurry_ || in_hand_.hurry) && held_.size() > 0;
  look();
  for (const StreamId stream : in_hand_.forgotten) {
    sequences_.forget(stream);
    gapless_.erase(stream);
  }
  in_hand_.clear();
}

void Committer::commit_all(std::span<Submission> batches) {
  while (!batches.empty()) {
    const std::size_t count = group_size(batches);
    if (count == 0) {
      write_full();
      continue;
    }
    healthy() ? take(batches.first(count)) : refuse(batches.first(count));
    batches = batches.subspan(count);
  }
}

std::size_t Committer::group_size(std::span<const Submission> waiting) const {
  std::size_t bytes = held_.bytes();
  for (std::size_t i = 0; i < waiting.size(); ++i) {
    const bool first = bytes == 0;
    bytes += waiting[i].batch.bytes();
    if (!first && bytes > options_.max_group_bytes) return i;
  }
  return waiting.size();
}

void Committer::take(std::span<Submission> group) {
  const std::size_t before = held_.size();
  std::optional<MonotonicTime> wait_until;
  for (std::size_t i = 0; i < group.size(); ++i) {
    if (i + kExpectAhead < group.size() && is_narrow(group[i + kExpectAhead].batch))
      expect_sequences(group[i + kExpectAhead].batch);
    if (!is_narrow(group[i].batch)) expect_sequences(group[i].batch);
    sequence(group[i], wait_until);
  }
  tell_sequenced(held_.done().subspan(before));
  look();
}

/// While a sync is under way, what comes in is written with everything else that does.
void Committer::look() {
  if (!is_syncing()) return go_on();
  if (hear_syncs()) land();
}

/// Precondition: no sync is under way.
void Committer::go_on() {
  if (!wait_for_syncs()) return;
  if (held_.size() > 0 && (hurry_ || held_.is_urgent() || is_due())) {
    write_held();
  } else {
    land();
    const std::size_t cost = held_.cost();
    held_.finish([this](std::span<Done> run) { tell_durable(run); });
    finished(cost - held_.cost());
  }
  if (syncs_begun_ == 0 && is_sync_due()) sync_written();
}

/// The streams of a group are mostly many and cold: waiting for memory, one at a time, was half of
/// sequencing.
void Committer::expect_sequences(const WriteBatch& batch) const {
  batch.each_append([this](StreamId stream) { sequences_.expect(stream); });
}

/// `wait_until`: for the whole group, once it is known.
void Committer::sequence(Submission& submission, std::optional<MonotonicTime>& wait_until) {
  const std::size_t cost_of_batch = cost(submission.batch);
  if (!has_room_for(submission.batch)) {
    submission = {.batch = {}, .ticket = std::move(submission.ticket), .is_refused = true};
  }
  appended_.clear();
  const std::size_t reserved_before = reservations_.size();
  bool holds = submission.may_wait && options_.elide_wait.count() > 0;
  submission.batch.give_sequences([&](std::size_t op, StreamId stream) {
    const SequenceTable::Taken taken = sequences_.take(stream);
    if (taken.reserve.v != 0) reservations_.emplace_back(stream, taken.reserve);
    appended_.push_back({op, stream, taken.seq, taken.may_be_told});
    holds = holds && taken.may_be_told;
    // It is told when it is durable, and must not be given again.
    submission.needs_sync = submission.needs_sync || !taken.may_be_told;
    return taken.seq;
  });
  if (submission.taking.count > 0) {
    const SequenceTable::Taken taken =
        sequences_.take_block(submission.taking.stream, submission.taking.count);
    if (taken.reserve.v != 0) reservations_.emplace_back(submission.taking.stream, taken.reserve);
    appended_.push_back({kNoOp, submission.taking.stream, taken.seq, taken.may_be_told});
    submission.needs_sync = submission.needs_sync || !taken.may_be_told;
  }
  const auto reservations = std::span(reservations_).subspan(reserved_before);
  if (!reservations.empty()) {
    reserve(submission.batch, reservations);
    holds = false;  // else the reservation could be elided with it
  }
  if (holds && !wait_until) wait_until = clock_.now() + options_.elide_wait;
  submission.may_wait = submission.may_wait && reservations.empty();
  held_.add(std::move(submission), appended_, cost_of_batch, holds ? wait_until : std::nullopt);
}

void Committer::reserve(WriteBatch& batch, std::span<const std::pair<StreamId, Seq>> reservations) {
  for (const auto& [stream, next] : reservations)
    batch.put(Table::Streams, as_bytes(number_key(stream.v)), as_bytes(number_key(next.v)));
}

bool Committer::is_due() const {
  const std::optional<MonotonicTime> until = held_.wait_until();
  return until && clock_.now() >= *until;
}

void Committer::finished(std::size_t cost) {
  if (cost == 0) return;
  groups_finished_.fetch_add(1, std::memory_order_relaxed);
  bytes_in_flight_.fetch_sub(cost, std::memory_order_relaxed);
}

/// A full store refuses what may be refused, and nothing else in its group: it becomes an empty batch and
/// keeps its place among the answers.
bool Committer::has_room_for(const WriteBatch& batch) const {
  if (sink_ == nullptr || !batch.is_refused_when_full()) return true;
  std::size_t on_the_way = held_.bytes();
  for (const Flying& group : flying_) on_the_way += group.batches.bytes();
  return sink_->has_room(on_the_way + batch.bytes());
}

void Committer::tell_sequenced(std::span<Done> done) {
  const auto is_refused = [&](std::size_t i) { return done[i].refused; };
  for_each_run(done.size(), is_refused, [&](std::size_t first, std::size_t count, bool refused) {
    if (!refused) observer_.on_sequenced(done.subspan(first, count));
  });
}

/// What is on the disk or needs none.
void Committer::tell_durable(std::span<Done> done) {
  static const Error kFull{Errc::NoSpace, "the store is full"};
  const auto is_refused = [&](std::size_t i) { return done[i].refused; };
  for_each_run(done.size(), is_refused, [&](std::size_t first, std::size_t count, bool refused) {
    refused ? observer_.on_failed(done.subspan(first, count), kFull)
            : observer_.on_durable(done.subspan(first, count));
  });
}

void Committer::refuse(std::span<Submission> group) {
  HERMOD_ASSERT(held_.size() == 0);
  std::size_t bytes = 0;
  std::vector<Done> done;
  for (Submission& submission : group) {
    bytes += cost(submission.batch);
    done.push_back({std::move(submission.ticket), {}});
  }
  const auto is_barrier = [&](std::size_t i) { return group[i].batch.empty() && group[i].taking.count == 0; };
  for_each_run(group.size(), is_barrier, [&](std::size_t first, std::size_t count, bool barrier) {
    const std::span<Done> run = std::span(done).subspan(first, count);
    if (!barrier) return observer_.on_failed(run, failure_);
    observer_.on_sequenced(run);
    observer_.on_durable(run);
  });
  done.clear();
  finished(bytes);
}

Result<Committer::Written> Committer::append(std::span<const Submission> group, Journal::Sync sync,
                                             const Flush& flush) {
  encoder_.begin();
  for (const Submission& submission : group) encoder_.add(submission.batch);
  if (encoder_.empty()) return Written{};
  const Written written{{next_group_.v++}, clock_.wall()};
  const MonotonicTime by = flush.when == Flush::When::Interval ? clock_.now() + flush.interval : kNotByItself;
  const auto record = encoder_.finish(written.number, written.batch_time);
  if (const Status appended = journal_.append(written.number, record, sync); !appended)
    return tl::unexpected(appended.error());
  for (const auto& [stream, bound] : reservations_) unsettled_.push_back({written.number, stream, bound});
  reservations_.clear();
  // Should the journal have been synced in between, the older time is kept: earlier than need be.
  const bool is_oldest = !sync_by_ || journal_.synced().v + 1 >= written.number.v;
  sync_by_ = is_oldest ? by : std::min(*sync_by_, by);
  settle_reservations();
  return written;
}

Flush Committer::flush_for(std::span<const Submission> group) const {
  if (is_sync_due()) return {};
  Flush strictest{Flush::When::Memory, {}};
  for (const Submission& submission : group) {
    if (submission.batch.empty()) continue;
    const Flush& flush = submission.flush ? *submission.flush : options_.flush;
    if (submission.needs_sync || flush.when == Flush::When::Sync) return {};
    if (flush.is_stricter_than(strictest)) strictest = flush;
  }
  return strictest;
}

std::optional<MonotonicTime> Committer::sync_at() const {
  return sync_by_ == kNotByItself ? std::nullopt : sync_by_;
}

bool Committer::is_sync_due() const {
  const std::optional<MonotonicTime> at = sync_at();
  return at && clock_.now() >= *at;
}

/// What was answered for stays so after a failure: it is written, and the repair keeps it.
void Committer::sync_written() {
  const Status synced = journal_.sync();
  if (synced) return settle_reservations();
  fail(synced.error());
  observer_.on_failed({}, failure_);
}

void Committer::settle_reservations() {
  const GroupNo synced = journal_.synced();
  while (!unsettled_.empty() && unsettled_.front().group <= synced) {
    sequences_.settle(unsettled_.front().stream, unsettled_.front().bound);
    unsettled_.pop_front();
  }
  if (synced.v + 1 >= next_group_.v) sync_by_.reset();
}

}  // namespace hermod::store
