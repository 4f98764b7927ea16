#pragma once
#include <sys/types.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/result.h"

namespace hermod::net {

/// The system's users, number to name, as they were read last: a shard may not ask the system, which may ask
/// the network. Owned by the broker; loaded on the main thread, asked by any.
class UserNames {
 public:
  /// Reads all of them. Errors: Io; then those that were read before stay.
  Status load();
  /// Nothing when there is no such user.
  std::optional<std::string> find(uid_t user) const;

 private:
  using Names = std::unordered_map<uid_t, std::string>;

  mutable std::mutex mutex_;  ///< held for the copy of a pointer
  std::shared_ptr<const Names> names_ = std::make_shared<Names>();
};

}  // namespace hermod::net
