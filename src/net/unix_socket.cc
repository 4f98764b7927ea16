#include "net/unix_socket.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <thread>
#include <utility>

#include "net/socket.h"

namespace hermod::net {
namespace {

constexpr std::string_view kListenOn = "listen on";

Result<sockaddr_un> address_for(const std::string& path) {
  sockaddr_un address{};
  if (path.size() >= sizeof address.sun_path)
    return failure(Errc::Invalid, "cannot listen on " + path + ": a path of a Unix socket has at most " +
                                      std::to_string(sizeof address.sun_path - 1) + " bytes");
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

/// Keeps two brokers that start at the same time from each taking the other's fresh socket for an old one:
/// the folder is locked while one looks, binds and begins to listen. Best effort: a folder that cannot be
/// locked is used all the same.
class FolderLock {
 public:
  explicit FolderLock(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    const std::string folder = slash == 0 ? "/" : path.substr(0, slash);
    folder_ = Fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    for (int round = 0; folder_.valid() && round < kRounds; ++round) {
      if (::flock(folder_.get(), LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return;
      std::this_thread::sleep_for(kRound);
    }
  }

 private:
  static constexpr int kRounds = 100;
  static constexpr std::chrono::milliseconds kRound{10};

  Fd folder_;
};

/// Why what stands at `path` may not be replaced; nothing: it may.
std::optional<Error> in_use(const std::string& path, const sockaddr_un& address) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) return std::nullopt;  // gone meanwhile
  if (!S_ISSOCK(found.st_mode))
    return Error{Errc::Invalid,
                 "cannot listen on " + path + ": there is a file of this name that is no socket"};
  const Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!probe.valid()) return socket_error(errno, kListenOn, path);
  if (::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
    return socket_error(EADDRINUSE, kListenOn, path);
  if (errno == EACCES)
    return Error{Errc::Invalid,
                 "cannot listen on " + path +
                     ": there is a socket of another user; remove it if its program does not run"};
  if (errno != ECONNREFUSED) return socket_error(EADDRINUSE, kListenOn, path);
  return std::nullopt;
}

bool is_id(const std::string& text) {
  return text.size() < 10 && text.find_first_not_of("0123456789") == std::string::npos;
}

Status give_to(const std::string& owner, const std::string& path) {
  if (owner.empty()) return {};
  const std::size_t colon = owner.find(':');
  const std::string user = owner.substr(0, colon);
  const std::string group = colon == std::string::npos ? "" : owner.substr(colon + 1);
  auto uid = static_cast<uid_t>(-1);  // as it is
  auto gid = static_cast<gid_t>(-1);
  if (!user.empty()) {
    const passwd* known = is_id(user) ? nullptr : ::getpwnam(user.c_str());
    if (!is_id(user) && known == nullptr)
      return failure(Errc::Invalid, "owner of " + path + ": there is no user '" + user + "'");
    uid = known == nullptr ? static_cast<uid_t>(std::stoul(user)) : known->pw_uid;
  }
  if (!group.empty()) {
    const struct group* known = is_id(group) ? nullptr : ::getgrnam(group.c_str());
    if (!is_id(group) && known == nullptr)
      return failure(Errc::Invalid, "owner of " + path + ": there is no group '" + group + "'");
    gid = known == nullptr ? static_cast<gid_t>(std::stoul(group)) : known->gr_gid;
  }
  if (::lchown(path.c_str(), uid, gid) == 0) return {};
  Error error = socket_error(errno, "give " + owner, path);
  error.detail += "; only root may give files to others (a .socket unit has SocketUser= and SocketGroup=)";
  return tl::unexpected(std::move(error));
}

Error bind_error(int error_number, const std::string& path) {
  Error error = socket_error(error_number, kListenOn, path);
  if (error_number == ENOENT)
    error.detail += "; its folder must be there (RuntimeDirectory= in the service file)";
  if (error_number == EACCES) error.detail = "cannot listen on " + path + ": no right to write to its folder";
  return error;
}

}  // namespace

SocketFile::SocketFile(SocketFile&& other) noexcept
    : path_(std::exchange(other.path_, {})), device_(other.device_), inode_(other.inode_) {}

SocketFile& SocketFile::operator=(SocketFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(device_, other.device_);
  std::swap(inode_, other.inode_);
  return *this;
}

SocketFile::~SocketFile() {
  struct stat found {};
  if (path_.empty()) return;
  const FolderLock lock(path_);
  if (::lstat(path_.c_str(), &found) != 0) return;
  if (found.st_dev == device_ && found.st_ino == inode_) ::unlink(path_.c_str());
}

SocketFile SocketFile::made(const std::string& path) {
  SocketFile file;
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) return file;
  file.path_ = path;
  file.device_ = found.st_dev;
  file.inode_ = found.st_ino;
  return file;
}

Result<UnixSocket> open_unix_socket(const std::string& path, const SocketFileOptions& file, int backlog) {
  const auto address = address_for(path);
  if (!address) return tl::unexpected(address.error());
  const FolderLock lock(path);
  Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return tl::unexpected(socket_error(errno, kListenOn, path));
  const auto bind_it = [&] {
    return ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) == 0 ? 0
                                                                                                    : errno;
  };
  int error = bind_it();
  if (error == EADDRINUSE) {
    if (auto why = in_use(path, *address)) return tl::unexpected(std::move(*why));
    error = ::unlink(path.c_str()) == 0 || errno == ENOENT ? bind_it() : errno;
  }
  if (error != 0) return tl::unexpected(bind_error(error, path));
  UnixSocket out{std::move(socket), SocketFile::made(path)};
  // Nobody can connect before listen(), so nobody slips in before the file has its mode.
  if (::chmod(path.c_str(), file.mode) != 0)
    return tl::unexpected(socket_error(errno, "set the mode of", path));
  if (Status given = give_to(file.owner, path); !given) return tl::unexpected(std::move(given.error()));
  if (::listen(out.socket.get(), backlog) != 0) return tl::unexpected(socket_error(errno, kListenOn, path));
  return out;
}

}  // namespace hermod::net
