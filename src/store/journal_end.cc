#include "store/journal_end.h"

#include <algorithm>
#include <string>

namespace hermod::store {

/// The first group that should be between the last record and this one.
std::optional<GroupNo> JournalEnd::missing_before(const Found& found) const {
  const GroupNo next{last_.v + 1};
  if (found.group >= position_) {
    const GroupNo expected = std::max(position_, next);
    if (found.group > expected) return expected;
  }
  if (found.is_behind_gap) return next;
  return std::nullopt;
}

Status JournalEnd::add(const Found& found) {
  const std::string name = "journal: group " + std::to_string(found.group.v);
  if (found.group <= last_) return failure(Errc::Corruption, name + ": group numbers do not rise");
  if (!hole_) {
    hole_ = missing_before(found);
    is_missing_ = hole_.has_value();
    if (hole_ && *hole_ == found.group)
      return failure(Errc::Corruption, name + ": what stands before it is damaged");
  }
  if (hole_) {
    // The tables are written behind a sync of what they have.
    const GroupNo synced =
        found.group >= position_ ? std::max(found.synced, {position_.v - 1}) : found.synced;
    if (synced >= *hole_)
      return failure(Errc::Corruption, "journal: group " + std::to_string(hole_->v) +
                                           (is_missing_ ? " is missing" : " is damaged") + ", and group " +
                                           std::to_string(found.group.v) + " says that it was on the disk");
  } else if (!found.is_whole) {
    hole_ = found.group;
  }
  last_ = found.group;
  return {};
}

}  // namespace hermod::store
