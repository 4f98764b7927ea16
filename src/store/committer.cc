#include "store/committer.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/assert.h"

namespace hermod::store {
namespace {

/// What becomes of a batch when its group is not written.
enum class Fate {
  Barrier,  // holds no change: succeeds all the same
  Change,
  Refused,  // there was no room for it
};

/// Calls `visit` for each longest run of neighbours with the same fate.
template <class FateOf, class Visit>
void for_each_run(std::size_t count, FateOf&& fate_of, Visit&& visit) {
  for (std::size_t first = 0; first < count;) {
    const Fate fate = fate_of(first);
    std::size_t last = first + 1;
    while (last < count && fate_of(last) == fate) ++last;
    visit(first, last - first, fate);
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

void Committer::submit(WriteBatch batch, std::unique_ptr<Ticket> ticket) {
  bytes_in_flight_.fetch_add(cost(batch), std::memory_order_relaxed);
  bool asleep = false;
  {
    const std::lock_guard lock(mutex_);
    inbox_.batches.push_back({std::move(batch), std::move(ticket)});
    asleep = std::exchange(sleeping_, false);
  }
  if (asleep) work_.notify_one();
}

void Committer::submit_all(std::vector<Submission>& batches) {
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
    asleep = std::exchange(sleeping_, false);
  }
  batches.clear();
  if (asleep) work_.notify_one();
}

void Committer::restore_next(StreamId stream, Seq next) {
  const std::lock_guard lock(mutex_);
  inbox_.restored.emplace_back(stream, next);
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
  }
  const bool any = in_hand_.has_work();
  process();
  return any;
}

void Committer::start() {
  HERMOD_ASSERT(!thread_.joinable());
  stopping_ = false;
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
  }
  while (run_once()) {
  }
}

void Committer::run() {
  for (bool stopping = false; !stopping;) {
    {
      std::unique_lock lock(mutex_);
      while (!inbox_.has_work() && !stopping_) {
        sleeping_ = true;
        work_.wait(lock);
      }
      sleeping_ = false;
      stopping = stopping_ && !inbox_.has_work();
      std::swap(inbox_, in_hand_);
    }
    process();
  }
}

void Committer::process() {
  for (const auto& [stream, next] : in_hand_.restored) sequences_.restore(stream, next);
  std::span<Submission> waiting(in_hand_.batches);
  if (in_hand_.resumed) {
    commit_all(waiting.first(in_hand_.before_resume));
    waiting = waiting.subspan(in_hand_.before_resume);
    next_group_ = *in_hand_.resumed;
    healthy_.store(true, std::memory_order_release);
  }
  commit_all(waiting);
  for (const StreamId stream : in_hand_.forgotten) sequences_.forget(stream);
  in_hand_.clear();
}

void Committer::commit_all(std::span<Submission> batches) {
  while (!batches.empty()) {
    const std::size_t count = group_size(batches);
    commit(batches.first(count));
    batches = batches.subspan(count);
  }
}

std::size_t Committer::group_size(std::span<const Submission> waiting) const {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < waiting.size(); ++i) {
    bytes += waiting[i].batch.bytes();
    if (i > 0 && bytes > options_.max_group_bytes) return i;
  }
  return waiting.size();
}

void Committer::commit(std::span<Submission> group) {
  std::size_t bytes = 0;
  for (const Submission& submission : group) bytes += cost(submission.batch);
  if (healthy()) {
    commit_writable(group);
  } else {
    refuse(group);
  }
  done_.clear();
  groups_finished_.fetch_add(1, std::memory_order_relaxed);
  bytes_in_flight_.fetch_sub(bytes, std::memory_order_relaxed);
}

void Committer::commit_writable(std::span<Submission> group) {
  refuse_what_has_no_room(group);
  const auto fate_of = [&](std::size_t i) {
    if (refused_[i]) return Fate::Refused;
    return group[i].batch.empty() ? Fate::Barrier : Fate::Change;
  };
  sequence(group);
  const auto for_each = [&](auto&& tell) {
    for_each_run(group.size(), fate_of, [&](std::size_t first, std::size_t count, Fate fate) {
      tell(std::span(done_).subspan(first, count), fate);
    });
  };
  const bool all_taken = std::find(refused_.begin(), refused_.end(), true) == refused_.end();
  if (all_taken) {
    observer_.on_sequenced(done_);
  } else {
    for_each([&](std::span<Done> run, Fate fate) {
      if (fate != Fate::Refused) observer_.on_sequenced(run);
    });
  }
  const Status written = write(group);
  if (written && all_taken) return observer_.on_durable(done_);
  if (!written) {
    failure_ = written.error();
    sequences_.forget_reservations();
    healthy_.store(false, std::memory_order_release);
  }
  const Error full{Errc::NoSpace, "the store is full"};
  for_each([&](std::span<Done> run, Fate fate) {
    if (fate == Fate::Refused) return observer_.on_failed(run, full);
    written || fate == Fate::Barrier ? observer_.on_durable(run) : observer_.on_failed(run, failure_);
  });
}

void Committer::refuse_what_has_no_room(std::span<Submission> group) {
  refused_.assign(group.size(), false);
  if (sink_ == nullptr) return;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < group.size(); ++i) {
    WriteBatch& batch = group[i].batch;
    if (!batch.is_refused_when_full()) continue;
    if (sink_->has_room(bytes + batch.bytes())) {
      bytes += batch.bytes();
    } else {
      refused_[i] = true;
      batch = {};  // leaves no trace in the record, like a barrier
    }
  }
}

void Committer::refuse(std::span<Submission> group) {
  for (Submission& submission : group) done_.push_back({std::move(submission.ticket), {}});
  const auto fate_of = [&](std::size_t i) { return group[i].batch.empty() ? Fate::Barrier : Fate::Change; };
  for_each_run(group.size(), fate_of, [&](std::size_t first, std::size_t count, Fate fate) {
    const std::span<Done> run = std::span(done_).subspan(first, count);
    if (fate != Fate::Barrier) return observer_.on_failed(run, failure_);
    observer_.on_sequenced(run);
    observer_.on_durable(run);
  });
}

void Committer::sequence(std::span<Submission> group) {
  // Room for all first: the spans of done_ must not move.
  std::size_t appends = 0;
  for (const Submission& submission : group) appends += submission.batch.append_count();
  appended_.clear();
  appended_.reserve(appends);
  done_.reserve(group.size());
  for (Submission& submission : group) {
    const std::size_t first = appended_.size();
    submission.batch.give_sequences([&](std::size_t op, StreamId stream) {
      const SequenceTable::Taken taken = sequences_.take(stream);
      if (taken.reserve.v != 0) reservations_.emplace_back(stream, taken.reserve);
      appended_.push_back({op, stream, taken.seq});
      return taken.seq;
    });
    if (!reservations_.empty()) reserve(submission.batch);
    done_.push_back({std::move(submission.ticket), std::span(appended_).subspan(first)});
  }
}

void Committer::reserve(WriteBatch& batch) {
  for (const auto& [stream, next] : reservations_)
    batch.put(Table::Streams, as_bytes(number_key(stream.v)), as_bytes(number_key(next.v)));
  reservations_.clear();
}

Status Committer::write(std::span<const Submission> group) {
  encoder_.begin();
  for (const Submission& submission : group) encoder_.add(submission.batch);
  if (encoder_.empty()) return {};
  const GroupNo number{next_group_.v++};
  const WallTime batch_time = clock_.wall();
  Status written = journal_.append(number, encoder_.finish(number, batch_time));
  if (written && sink_ != nullptr) sink_->applied(number, batch_time, group);
  return written;
}

}  // namespace hermod::store
