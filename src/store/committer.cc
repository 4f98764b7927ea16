#include "store/committer.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/assert.h"

namespace hermod::store {
namespace {

/// Calls `visit` for each longest run of neighbours that are alike in holding a change or not.
template <class Visit>
void for_each_run(std::span<const Submission> group, Visit&& visit) {
  for (std::size_t first = 0; first < group.size();) {
    const bool barrier = group[first].batch.empty();
    std::size_t last = first + 1;
    while (last < group.size() && group[last].batch.empty() == barrier) ++last;
    visit(first, last - first, barrier);
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
  sequence(group);
  observer_.on_sequenced(done_);
  const Status written = write(group);
  if (written) return observer_.on_durable(done_);

  failure_ = written.error();
  sequences_.forget_reservations();
  healthy_.store(false, std::memory_order_release);
  for_each_run(group, [&](std::size_t first, std::size_t count, bool barrier) {
    const std::span<Done> run = std::span(done_).subspan(first, count);
    barrier ? observer_.on_durable(run) : observer_.on_failed(run, failure_);
  });
}

void Committer::refuse(std::span<Submission> group) {
  for (Submission& submission : group) done_.push_back({std::move(submission.ticket), {}});
  for_each_run(group, [&](std::size_t first, std::size_t count, bool barrier) {
    const std::span<Done> run = std::span(done_).subspan(first, count);
    if (!barrier) return observer_.on_failed(run, failure_);
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
  const bool adds = std::any_of(group.begin(), group.end(),
                                [](const Submission& one) { return one.batch.adds_messages(); });
  const std::span<const Bytes> record = encoder_.finish(number, batch_time);
  Status written = adds ? journal_.append(number, record) : journal_.append_from_reserve(number, record);
  if (written && sink_ != nullptr) sink_->applied(number, batch_time, group);
  return written;
}

}  // namespace hermod::store
