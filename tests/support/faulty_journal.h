#pragma once
#include <cstddef>
#include <optional>

#include "store/journal.h"
#include "store/memory_journal.h"

namespace hermod::test {

/// A journal whose appends fail when the test says so: one in memory of its own, or a real one behind it,
/// which it must not outlive.
class FaultyJournal final : public store::Journal {
 public:
  /// What a failed append leaves behind.
  enum class Trace {
    None,
    Whole,  ///< everything is on the disk, only the answer was an error
  };

  FaultyJournal() = default;
  explicit FaultyJournal(store::Journal& real) : journal_(real) {}

  /// The append after `good` more successful ones fails with `why`, once.
  void fail_after(std::size_t good, Errc why = Errc::Io, Trace trace = Trace::None) {
    good_left_ = good;
    why_ = why;
    trace_ = trace;
  }
  /// The power fails: of all appends to come the first `good` take effect and no other.
  void cut_after(std::size_t good) {
    good_left_ = good;
    trace_ = Trace::None;
    cut_ = true;
  }
  std::size_t failures() const { return failures_; }
  /// Of the last successful append.
  GroupNo last() const { return last_; }

  Status append(GroupNo number, std::span<const Bytes> group, Sync sync) override {
    if (good_left_ && *good_left_ == 0) {
      if (!cut_) good_left_.reset();
      ++failures_;
      if (trace_ == Trace::Whole) static_cast<void>(journal_.append(number, group, sync));
      return failure(why_, "the test's journal fails");
    }
    if (good_left_) --*good_left_;
    last_ = number;
    return journal_.append(number, group, sync);
  }
  Status sync() override { return journal_.sync(); }
  GroupNo synced() const override { return journal_.synced(); }
  Status replay(GroupNo from, const Visit& visit) override { return journal_.replay(from, visit); }
  Status trim(GroupNo before) override { return journal_.trim(before); }

 private:
  store::MemoryJournal memory_{store::MemoryJournal::Options{.keep = true}};
  store::Journal& journal_ = memory_;
  std::optional<std::size_t> good_left_;
  Errc why_ = Errc::Io;
  Trace trace_ = Trace::None;
  bool cut_ = false;
  std::size_t failures_ = 0;
  GroupNo last_;
};

}  // namespace hermod::test
