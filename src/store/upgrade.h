#pragma once
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "store/folder.h"
#include "store/progress.h"

namespace hermod::store {

struct Upgraded {
  std::string backup_path;  ///< as the store was, it is here
  bool torn_tail = false;   ///< dropped on the way
};
/// Makes a store of format Folder::kUpgradable one of this, behind a copy of it. Every end of the process
/// leaves a good store of one of the two. Before the number is written everything that was made has been
/// read again. Precondition: the folder is locked, and of that format.
/// Errors: Corruption, with what is wrong: it is no good store; nothing was changed. Any other: it is what it
/// was, and nothing is left of the attempt.
Result<Upgraded> upgrade(const Folder& folder, WallTime now, const Progress& progress);

}  // namespace hermod::store
