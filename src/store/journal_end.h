#pragma once
#include <optional>

#include "base/ids.h"
#include "base/result.h"

namespace hermod::store {

/// Finds where a journal ends, given every record of its files in their order. A hole is a group that is
/// missing or not whole. Every record says up to which group everything was on the disk when it was written.
/// If none behind the hole says so of the missing group, the power failed before that was synced: the hole
/// begins a torn tail, of which any piece may be there. If one does, the group was on the disk and is
/// damaged. Pure; lives for one look at a journal.
class JournalEnd {
 public:
  struct Found {
    GroupNo group;
    GroupNo synced;              ///< as the record's header says
    bool is_whole = false;       ///< header and group are what was written
    bool is_behind_gap = false;  ///< blocks without a record are before it, in its segment
  };

  /// `position`: the first group that the tables do not have; older ones may be missing.
  explicit JournalEnd(GroupNo position) : position_(position) {}

  /// The next record. Errors: Corruption.
  Status add(const Found& found);
  /// The first group of the torn tail, to be dropped with all that is behind it; zero when there is none.
  GroupNo torn() const { return hole_.value_or(GroupNo{}); }

 private:
  std::optional<GroupNo> missing_before(const Found& found) const;

  const GroupNo position_;
  GroupNo last_;
  std::optional<GroupNo> hole_;
  bool is_missing_ = false;  // the group of hole_; else it is not whole
};

}  // namespace hermod::store
