#pragma once
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "store/progress.h"
#include "store/segment.h"
#include "store/write_batch.h"

namespace hermod::store {

// What is left of format 3, so that its stores can be upgraded: how its journal was written. The tables were
// the same, but for those of named queues, which it had not.

/// The segments had the same layout.
inline constexpr SegmentMarks kMarksOfFormat3{"HMSEGMT2", 0x484D5232};  // "HMR2"
/// Of the tables: the first so many.
inline constexpr std::size_t kTablesOfFormat3 = 9;

/// A commit group of format 3 in the words of this one.
struct GroupOfFormat3 {
  GroupNo number;
  WallTime batch_time{};
  std::vector<WriteBatch> batches;
};
/// Checks everything, down to the last op, before it gives anything. Errors: Corruption with what and where.
Result<GroupOfFormat3> decode_group_of_format_3(Bytes record);

/// Writes the groups of a journal of format 3 once more as this format has them, those from `position` on and
/// below `torn` (zero: all), durably, into new segments beside the old ones. To a journal of this format the
/// old files are free segments, and to one of format 3 the new ones are; so it is the number in the file
/// `format` that says which of them count, and until that is written nothing has changed. What an earlier
/// attempt left is deleted first, and after an error what this one did. A new segment is written when it has
/// about so much `segment_content`, which has to be in memory; then `progress` is told. Precondition: the
/// store was found good (verifier), and nobody has the journal open. Errors: Corruption, NoSpace, Io.
Status convert_journal_of_format_3(const std::string& folder, GroupNo position, GroupNo torn,
                                   const Progress& progress = {},
                                   std::size_t segment_content = std::size_t{16} << 20);
/// Deletes what that has made. Precondition: the old segments can be read, as for that. Errors: Io.
Status drop_converted_journal(const std::string& folder);

}  // namespace hermod::store
