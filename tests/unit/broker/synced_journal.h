#pragma once
#include <span>
#include <string>
#include <vector>

#include "store/memory_journal.h"

namespace hermod::broker::testing {

/// Writes down what has to be synced: "now" or "later" for each group.
class SyncedJournal final : public store::Journal {
 public:
  Status append(GroupNo number, std::span<const Bytes> group, Sync when) override {
    groups.emplace_back(when == Sync::Now ? "now" : "later");
    if (when == Sync::Now) synced_ = number;
    return journal_.append(number, group, when);
  }
  Status sync() override { return journal_.sync(); }
  GroupNo synced() const override { return synced_; }
  Status replay(GroupNo from, const Visit& visit) override { return journal_.replay(from, visit); }
  Status trim(GroupNo before) override { return journal_.trim(before); }

  std::vector<std::string> groups;

 private:
  store::MemoryJournal journal_;
  GroupNo synced_;
};

}  // namespace hermod::broker::testing
