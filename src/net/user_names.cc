#include "net/user_names.h"

#include <pwd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace hermod::net {

Status UserNames::load() {
  auto names = std::make_shared<Names>();
  ::setpwent();
  errno = 0;
  while (const passwd* user = ::getpwent()) {
    names->try_emplace(user->pw_uid, user->pw_name);
    errno = 0;
  }
  const int error = errno;
  ::endpwent();
  if (error != 0 && error != ENOENT)  // ENOENT: some sources of users end this way
    return failure(Errc::Io, "cannot read the system's users: " + std::generic_category().message(error));
  std::shared_ptr<const Names> next = std::move(names);
  const std::lock_guard lock(mutex_);
  names_.swap(next);
  return {};
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
