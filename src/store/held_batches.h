#pragma once
#include <absl/container/flat_hash_map.h>
#include <absl/container/inlined_vector.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "store/batch_memory.h"
#include "store/chunked_queue.h"
#include "store/submission.h"

namespace hermod::store {

/// Batches that have their sequences and are neither written nor answered, in the order of submission, and
/// the rule which of them need no disk: when every entry of one that may wait has been erased by others that
/// are here, all of them become empty. Pure; owned by the committer and touched by its thread.
class HeldBatches {
 public:
  /// Adds one behind all others. `cost` is counted until it is answered. `wait_until` is until when its write
  /// may be put off; nothing: it may not. Precondition: only a batch with `may_wait` is put off.
  void add(Submission&& submission, std::span<const Appended> appends, std::size_t cost,
           std::optional<MonotonicTime> wait_until = std::nullopt);

  /// Everything since the last clear(), except what was answered at the front. What is answered further
  /// behind is an empty batch without a ticket.
  std::size_t size() const { return batches_.size() - head_; }
  std::span<Submission> batches() { return std::span(batches_).subspan(head_); }
  /// Each with the same index as its batch.
  std::span<Done> done() { return std::span(done_).subspan(head_); }
  /// What a write would write.
  std::size_t bytes() const { return bytes_; }
  /// Of all that are not answered.
  std::size_t cost() const { return cost_; }
  /// Something must be written at once.
  bool is_urgent() const { return urgent_; }
  /// When something must be written; nothing while there is nothing to write.
  std::optional<MonotonicTime> wait_until() const;

  /// Calls report(std::span<Done>) for what needs no disk and has nothing before it that does, in order.
  /// Erases do not hold up what is behind them: no answer waits for them. (What they erase is before them, so
  /// behind one that was passed nothing can make it empty any more.)
  template <class Report>
  void finish(Report&& report) {
    while (next_ - base_ < batches_.size()) {
      const std::size_t at = next_ - base_;
      std::size_t end = at;
      while (end < batches_.size() && batches_[end].batch.empty()) ++end;
      if (end > at) {
        next_ = base_ + end;
        answer(at, end - at, report);
      } else if (is_erase(at)) {
        ++next_;
      } else {
        break;
      }
    }
    give_back_front();
  }
  /// Calls report(std::span<Done>, bool empty) for everything that is not answered, in order; `split`: with
  /// empty batches and others in calls of their own. Then nothing is left here; their memory is in `spent`.
  template <class Report>
  void finish_all(bool split, BatchMemory& spent, Report&& report) {
    for (std::size_t first = head_; first < batches_.size();) {
      const bool empty = batches_[first].batch.empty();
      std::size_t end = first;
      while (end < batches_.size() && !marks_[end].answered &&
             (!split || batches_[end].batch.empty() == empty))
        ++end;
      if (end > first) report(std::span(done_).subspan(first, end - first), empty);
      first = end > first ? end : first + 1;
    }
    for (Submission& submission : batches()) spent.keep(std::move(submission.batch));
    clear();
  }
  /// Takes out of what is to be written the erases of entries that never will be. Call before the write.
  void leave_out_cancelled();

 private:
  using EntryKey = std::pair<std::uint64_t, std::uint64_t>;  // stream, sequence
  /// An entry that was appended and erased while both were here.
  struct Link {
    EntryKey entry;
    std::uint64_t erase = 0;  // the number of the batch that erases it
    bool cancelled = false;   // neither is written; of use in the erase
  };
  struct Mark {
    absl::InlinedVector<Appended, 1> appends;
    std::size_t cost = 0;
    std::optional<MonotonicTime> wait_until;
    std::uint32_t open = 0;  // an append's entries, an erase's ops, that are not cancelled
    bool answered = false;
    absl::InlinedVector<Link, 1> links;
  };

  bool is_erase(std::size_t at) const;
  void note_appends(std::uint64_t number, Mark& mark);
  void note_erases(std::uint64_t number, Mark& mark);
  void elide(std::uint64_t number);
  void empty(std::size_t at);
  void give_back_front();
  void clear();
  template <class Report>
  void answer(std::size_t first, std::size_t count, Report& report) {
    for (std::size_t i = first; i < first + count; ++i) {
      marks_[i].answered = true;
      cost_ -= marks_[i].cost;
    }
    report(std::span(done_).subspan(first, count));
    for (std::size_t i = first; i < first + count; ++i) done_[i].ticket.reset();
  }

  // By number - base_; what is before head_ is forgotten.
  std::vector<Submission> batches_;
  std::vector<Done> done_;
  ChunkedQueue<Mark> marks_;  // done_ points into them
  std::size_t head_ = 0;
  std::uint64_t base_ = 0;
  std::uint64_t next_ = 0;  // what is before is answered, or an erase that has to be written
  std::size_t bytes_ = 0;
  std::size_t cost_ = 0;
  bool urgent_ = false;
  absl::flat_hash_map<EntryKey, std::uint64_t> open_;  // entries of batches that may become needless
};

}  // namespace hermod::store
