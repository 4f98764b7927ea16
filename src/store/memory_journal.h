#pragma once
#include <map>
#include <mutex>
#include <string>

#include "store/journal.h"

namespace hermod::store {

/// A journal without a disk: nothing survives the process. In production it keeps nothing at all; tests and
/// the simulator let it keep the groups to replay them. There is nothing to sync. Lives longer than the
/// committer.
class MemoryJournal final : public Journal {
 public:
  struct Options {
    bool keep = false;
  };
  MemoryJournal() = default;
  explicit MemoryJournal(Options options) : options_(options) {}

  Status append(GroupNo number, std::span<const Bytes> group, Sync sync) override;
  Status sync() override { return {}; }
  GroupNo synced() const override;
  Status replay(GroupNo from, const Visit& visit) override;
  Status trim(GroupNo before) override;

  /// How many groups are kept.
  std::size_t size() const;

 private:
  const Options options_{};
  mutable std::mutex mutex_;
  GroupNo last_;
  std::map<GroupNo, std::string> groups_;
};

}  // namespace hermod::store
