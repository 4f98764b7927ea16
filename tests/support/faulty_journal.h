#pragma once
#include <cstddef>
#include <optional>

#include "store/journal.h"
#include "store/memory_journal.h"

namespace hermod::test {

/// A journal whose appends fail when the test says so; a failed append leaves no trace.
class FaultyJournal final : public store::Journal {
 public:
  /// The append after `good` more successful ones fails with `why`, once.
  void fail_after(std::size_t good, Errc why = Errc::Io) {
    good_left_ = good;
    why_ = why;
  }
  std::size_t failures() const { return failures_; }
  /// Of the last successful append.
  GroupNo last() const { return last_; }

  Status append(GroupNo number, std::span<const Bytes> group) override {
    if (good_left_ && *good_left_ == 0) {
      good_left_.reset();
      ++failures_;
      return failure(why_, "the test's journal fails");
    }
    if (good_left_) --*good_left_;
    last_ = number;
    return journal_.append(number, group);
  }
  Status replay(GroupNo from, const Visit& visit) override { return journal_.replay(from, visit); }
  Status trim(GroupNo before) override { return journal_.trim(before); }

 private:
  store::MemoryJournal journal_{store::MemoryJournal::Options{.keep = true}};
  std::optional<std::size_t> good_left_;
  Errc why_ = Errc::Io;
  std::size_t failures_ = 0;
  GroupNo last_;
};

}  // namespace hermod::test
