#include "store/folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "store/file_system.h"

namespace hermod::store {
namespace {

constexpr mode_t kFolderMode = 0700;
constexpr mode_t kFileMode = 0600;
constexpr std::string_view kFormatName = "hermod store\n";
constexpr std::string_view kFormatLine = "format ";
constexpr std::array<const char*, 5> kFiles{"format", "journal", "journal-lock", "tables", "tables-lock"};

tl::unexpected<Error> system_failure(const std::string& what) {
  const int code = errno;
  Errc kind = errc_of(code);
  if (code == ENOTDIR || code == EEXIST || code == ENAMETOOLONG) kind = Errc::Invalid;
  return failure(kind, what + ": " + std::strerror(code));
}

bool exists(const std::string& file) {
  struct stat status {};
  return ::lstat(file.c_str(), &status) == 0;
}

/// Makes the folder's own name durable. Whoever may not read the folder it is in cannot do that; then another
/// one made it.
Status sync_parent(const std::string& path) {
  const std::string bare = path.substr(0, path.find_last_not_of('/') + 1);
  const std::size_t slash = bare.rfind('/');
  const std::string parent = slash == std::string::npos ? "." : slash == 0 ? "/" : bare.substr(0, slash);
  if (::access(parent.c_str(), R_OK) != 0 && errno == EACCES) return {};
  return sync_folder(parent);
}

Status make_folders(const std::string& path) {
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    const bool made = ::mkdir(part.c_str(), kFolderMode) == 0;
    if (!made && errno != EEXIST) return system_failure(part);
    if (made) {
      if (Status synced = sync_parent(part); !synced) return synced;
    }
    if (end == std::string::npos) break;
  }
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return system_failure(path);
  if (!S_ISDIR(status.st_mode)) return failure(Errc::Invalid, path + ": not a folder");
  return {};
}

/// Up to 4 KiB of a file.
Result<std::string> read_small(const std::string& file) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return system_failure(file);
  std::string text(4096, '\0');
  const ssize_t size = ::read(fd, text.data(), text.size());
  const int code = errno;
  ::close(fd);
  errno = code;
  if (size < 0) return system_failure(file);
  text.resize(static_cast<std::size_t>(size));
  return text;
}

/// What the file `format` says; zero when it is not ours.
unsigned long number_in(std::string_view text) {
  if (!text.starts_with(kFormatName)) return 0;
  text.remove_prefix(kFormatName.size());
  if (!text.starts_with(kFormatLine) || text.back() != '\n') return 0;
  text.remove_prefix(kFormatLine.size());
  text.remove_suffix(1);
  if (text.empty() || text.size() > 9 || text.find_first_not_of("0123456789") != std::string_view::npos)
    return 0;
  return std::strtoul(std::string(text).c_str(), nullptr, 10);
}

/// Whoever has the lock has written its number into it.
tl::unexpected<Error> in_use(const std::string& path) {
  const auto holder = read_small(path + "/lock");
  const std::string pid = holder && !holder->empty() ? holder->substr(0, holder->find('\n')) : "unknown";
  return failure(Errc::Busy, path + ": another broker uses this store, process " + pid);
}

/// Writes the file whole or not at all, and durably.
Status write_small(const std::string& file, std::string_view text) {
  const std::string fresh = file + ".new";
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kFileMode);
  if (fd < 0) return system_failure(fresh);
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const bool synced = written && ::fsync(fd) == 0;
  ::close(fd);
  if (!synced || ::rename(fresh.c_str(), file.c_str()) != 0) return system_failure(file);
  return {};
}

std::string utc(WallTime now) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(
      std::chrono::time_point_cast<std::chrono::system_clock::duration>(now));
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &parts);
  return {text.data(), size};
}

/// A new folder of this name, or of this name with a number behind it.
Result<std::string> make_new_folder(const std::string& base) {
  std::string target = base;
  for (int i = 2; ::mkdir(target.c_str(), kFolderMode) != 0; ++i) {
    if (errno != EEXIST || i > 1000) return system_failure(target);
    target = base + "-" + std::to_string(i);
  }
  return target;
}

/// What is missing of a store is damage to it.
tl::unexpected<Error> copy_failure(const std::string& what, int code) {
  const bool is_missing = code == ENOENT || code == ENOTDIR;
  return failure(is_missing ? Errc::Corruption : errc_of(code), what + ": " + std::strerror(code));
}

/// Copies files durably, in pieces of which each is on the disk before the next one, and tells how far it is.
class DurableCopy {
 public:
  explicit DurableCopy(const Progress& progress) : progress_(progress) {}

  Status file(const std::string& from, const std::string& to) {
    const int source = ::open(from.c_str(), O_RDONLY | O_CLOEXEC);
    if (source < 0) return copy_failure(from + ", to be copied", errno);
    const int target = ::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kFileMode);
    int code = target < 0 ? errno : 0;
    for (ssize_t size = 1; code == 0 && size != 0;) {
      size = ::sendfile(target, source, nullptr, kPiece);
      if (size < 0 && errno == EINTR) continue;
      if (size < 0 || ::fsync(target) != 0) code = errno;
      if (code == 0) tell(static_cast<std::size_t>(size));
    }
    ::close(source);
    if (target >= 0) ::close(target);
    return code == 0 ? Status{} : failure(errc_of(code), to + ": " + std::strerror(code));
  }
  Status folder(const std::string& from, const std::string& to) {
    if (::mkdir(to.c_str(), kFolderMode) != 0) return system_failure(to);
    std::error_code code;
    for (std::filesystem::directory_iterator entry(from, code), end; !code && entry != end;
         entry.increment(code)) {
      if (!entry->is_regular_file()) continue;
      const std::filesystem::path copy = std::filesystem::path(to) / entry->path().filename();
      if (Status copied = file(entry->path().string(), copy.string()); !copied) return copied;
    }
    if (code) return copy_failure(from, code.value());
    return sync_folder(to);
  }

 private:
  static constexpr std::size_t kPiece = std::size_t{32} << 20;

  void tell(std::size_t size) {
    bytes_ += size;
    if (progress_) progress_("Upgrading the store: copied " + std::to_string(bytes_ >> 20) + " MiB of it");
  }

  const Progress& progress_;
  std::uint64_t bytes_ = 0;
};

}  // namespace

Result<Folder> Folder::lock(const std::string& path) {
  if (path.empty()) return failure(Errc::Invalid, "store: no folder given");
  if (Status made = make_folders(path); !made) return tl::unexpected(made.error());
  const std::string file = path + "/lock";
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kFileMode);
  if (fd < 0) return system_failure(file);
  Folder folder(path, fd);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return system_failure(file);
    return in_use(path);
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size()))
    return system_failure(file);
  return folder;
}

Result<Folder> Folder::look(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode))
    return failure(Errc::NotFound, path + ": no such folder");
  return Folder(path, -1);
}

Result<Folder> Folder::lock_to_read(const std::string& path) {
  auto looked = look(path);
  if (!looked) return looked;
  const std::string file = path + "/lock";
  looked->lock_ = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (looked->lock_ < 0 && errno == ENOENT) return looked;
  if (looked->lock_ < 0) return system_failure(file);
  if (::flock(looked->lock_, LOCK_SH | LOCK_NB) == 0) return looked;
  if (errno != EWOULDBLOCK) return system_failure(file);
  return in_use(path);
}

Folder::Folder(Folder&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

Folder::~Folder() {
  if (lock_ >= 0) ::close(lock_);
}

Result<Folder::Format> Folder::format() const {
  const std::string file = path_ + "/format";
  if (!exists(file)) return Format::None;
  const auto text = read_small(file);
  if (!text) {
    if (text.error().code == Errc::Io && ::access(file.c_str(), R_OK) == 0) return Format::Foreign;
    return tl::unexpected(text.error());
  }
  const unsigned long number = number_in(*text);
  if (number == 0) return Format::Foreign;
  if (number > kFormat) return Format::Newer;
  if (number == kFormat) return Format::Current;
  return number == kUpgradable ? Format::Upgradable : Format::Older;
}

unsigned long Folder::format_number() const {
  const auto text = read_small(path_ + "/format");
  return text ? number_in(*text) : 0;
}

Status Folder::write_format() const {
  const std::string text =
      std::string(kFormatName) + std::string(kFormatLine) + std::to_string(kFormat) + "\n";
  // Here too: who made the folder may have ended before it was durable.
  if (Status synced = sync_parent(path_); !synced) return synced;
  if (Status written = write_small(path_ + "/format", text); !written) return written;
  return sync();
}

bool Folder::has_files() const {
  for (const char* name : kFiles)
    if (exists(path_ + "/" + name)) return true;
  return false;
}

Result<std::string> Folder::set_aside(WallTime now, const std::string& why) const {
  auto made = make_new_folder(path_ + "/damaged-" + utc(now));
  if (!made) return made;
  const std::string& target = *made;
  for (const char* name : kFiles) {
    const std::string file = path_ + "/" + name;
    if (!exists(file)) continue;
    if (::rename(file.c_str(), (target + "/" + name).c_str()) != 0) return system_failure(file);
  }
  const std::string report = "This store was set aside on " + utc(now) + ".\nReason: " + why +
                             "\nThe broker went on with an empty one. Nothing here is used any more.\n";
  if (Status written = write_small(target + "/report.txt", report); !written)
    return tl::unexpected(written.error());
  for (const std::string& folder : {target, path_})
    if (Status synced = sync_folder(folder); !synced) return tl::unexpected(synced.error());
  return target;
}

Result<std::string> Folder::begin_backup(WallTime now, const Progress& progress) const {
  const std::string target = backup() + "unfinished";
  std::error_code code;
  std::filesystem::remove_all(target, code);
  if (code) return failure(errc_of(code.value()), target + ": " + code.message());
  if (::mkdir(target.c_str(), kFolderMode) != 0) return system_failure(target);
  const std::string report =
      "This is the store as it was on " + utc(now) + ", before a newer broker made it format " +
      std::to_string(kFormat) +
      ".\nNothing here is used any more. To go back, stop the broker, move its journal, tables and format\n"
      "away, copy those of this folder in their place, and start the version that wrote them. What happened\n"
      "since then is lost in that.\n";
  DurableCopy copy(progress);
  Status copied = copy.folder(journal(), target + "/journal");
  if (copied) copied = copy.file(tables(), target + "/tables");
  if (copied) copied = write_small(target + "/report.txt", report);
  if (copied) copied = copy.file(path_ + "/format", target + "/format");
  if (copied) copied = sync_folder(target);
  if (copied) copied = sync();
  if (copied) return target;
  drop_backup(target);
  return tl::unexpected(copied.error());
}

Result<std::string> Folder::finish_backup(WallTime now) const {
  auto target = make_new_folder(backup() + utc(now));
  if (!target) return target;
  if (::rename((backup() + "unfinished").c_str(), target->c_str()) != 0) {
    const tl::unexpected<Error> error = system_failure(*target);
    ::rmdir(target->c_str());
    return error;
  }
  if (Status synced = sync(); !synced) {
    drop_backup(*target);
    return tl::unexpected(synced.error());
  }
  return target;
}

void Folder::drop_backup(const std::string& copy) {
  std::error_code code;
  std::filesystem::remove_all(copy, code);
}

Status Folder::restrict_modes() const {
  if (::chmod(path_.c_str(), kFolderMode) != 0) return system_failure(path_);
  for (const char* name : kFiles) {
    const std::string file = path_ + "/" + name;
    struct stat status {};
    const bool is_folder = ::stat(file.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
    if (::chmod(file.c_str(), is_folder ? kFolderMode : kFileMode) != 0 && errno != ENOENT)
      return system_failure(file);
  }
  return {};
}

Status Folder::sync() const {
  return sync_folder(path_);
}

}  // namespace hermod::store
