#include "net/user_names.h"

#include <pwd.h>

#include <utility>

namespace hermod::net {

void UserNames::load() {
  auto names = std::make_shared<Names>();
  ::setpwent();
  while (const passwd* user = ::getpwent()) names->try_emplace(user->pw_uid, user->pw_name);
  ::endpwent();
  std::shared_ptr<const Names> next = std::move(names);
  const std::lock_guard lock(mutex_);
  names_.swap(next);
}

std::optional<std::string> UserNames::find(uid_t user) const {
  std::shared_ptr<const Names> names;
  {
    const std::lock_guard lock(mutex_);
    names = names_;
  }
  const auto found = names->find(user);
  return found == names->end() ? std::nullopt : std::optional(found->second);
}

}  // namespace hermod::net
