#pragma once
#include <cstdint>
#include <string>

#include "base/ids.h"
#include "base/result.h"

namespace hermod::store {

/// What a copy of a store holds.
struct CopyReport {
  GroupNo position;           ///< the first group that the tables do not have
  GroupNo last_group;         ///< of the journal; zero when there is none
  std::uint64_t records = 0;  ///< in the tables
  std::uint64_t bytes = 0;    ///< read and written
};

/// Copies the store in the folder `from` into `to`, as it was at one moment after the call. A broker may be
/// at work in `from`: it is not held up, only what it replaces in the tables meanwhile takes room until the
/// copy is done. The tables are written record by record, checked and without gaps; in the end the whole copy
/// is verified, and only then named a store. Blocks on the disk.
///
/// Errors: NotFound (no store of this format), Invalid (`to` exists and is not empty), Busy (the journal
/// turns over faster than it can be read), Corruption, NoSpace, Io. After an error `to` holds no store.
Result<CopyReport> copy_store(const std::string& from, const std::string& to);

/// Writes the tables of a store that nobody has open anew, without gaps; gives the bytes that were saved.
/// Before, the journal is brought into them. A crash on the way changes nothing. Errors: Busy (a broker has
/// it), NotFound, Corruption (verify it first: nothing is set aside), NoSpace, Io.
Result<std::uint64_t> compact_store(const std::string& path);

}  // namespace hermod::store
