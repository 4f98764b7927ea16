#pragma once
#include <functional>
#include <span>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"

namespace hermod::store {

/// The seam under the committer: an ordered log of commit groups. One group is one record.
/// Used by the committer's thread, and sync() by its syncer's beside append(); trim() may be called by the
/// checkpointer beside both, synced() by any.
class Journal {
 public:
  /// When a record has to be on the disk.
  enum class Sync {
    Now,    ///< on return, with everything before it
    Later,  ///< behind the next sync(); until then a power cut may take it, and what is behind it
  };
  using Visit = std::function<Status(GroupNo, Bytes)>;

  virtual ~Journal() = default;

  /// Writes the pieces of `group`, in order, as one record, which the end of the process does not take.
  /// Numbers only rise. After a failure nothing is known about the record, and the store must be opened and
  /// replayed again; with NoSpace it is certain that nothing of it is there.
  virtual Status append(GroupNo number, std::span<const Bytes> group, Sync sync) = 0;
  /// Makes everything durable that was appended before the call. After a failure nothing is known about what
  /// was not.
  virtual Status sync() = 0;
  /// Everything up to this group is durable.
  virtual GroupNo synced() const = 0;
  /// Calls `visit` for every record from `from` on, in order; stops at the first error and returns it.
  virtual Status replay(GroupNo from, const Visit& visit) = 0;
  /// Drops every record below `before`: the tables have them.
  virtual Status trim(GroupNo before) = 0;
};

}  // namespace hermod::store
