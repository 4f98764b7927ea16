#pragma once
#include <functional>
#include <string>

#include "base/ids.h"
#include "base/result.h"

namespace hermod::store {

/// What a look at every record of a store found.
struct Verdict {
  bool good = false;
  std::string why;  // when not good
  GroupNo torn;     // the first group of the journal's torn tail; zero when it has none
};

/// Which format a store that is looked at has.
enum class StoreFormat {
  Current,
  Before,     ///< Folder::kUpgradable
  Converted,  ///< Current, made of one that was good: of the tables only what has changed is looked at
};

/// Reads every record of the journal's folder and of the tables' file in a process of its own, because a
/// damaged file can end the process that maps it. Nobody has them open. `waiting` is called every few seconds
/// meanwhile. Error: only when no process can be made.
Result<Verdict> verify_in_child(const std::string& journal, const std::string& tables,
                                StoreFormat format = StoreFormat::Current,
                                const std::function<void()>& waiting = {});

/// The same in this process.
Verdict verify(const std::string& journal, const std::string& tables,
               StoreFormat format = StoreFormat::Current);

}  // namespace hermod::store
