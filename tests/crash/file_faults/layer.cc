#include "tests/crash/file_faults/layer.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <utility>

namespace hermod::crash::faults {
namespace {

constexpr off_t kBlock = 4096;

/// The layer's own work must not come back to the layer.
ssize_t real_pwrite(int fd, std::string_view bytes, off_t offset) {
  return ::syscall(SYS_pwrite64, fd, bytes.data(), bytes.size(), offset);
}

int real_truncate(int fd, off_t size) {
  return static_cast<int>(::syscall(SYS_ftruncate, fd, size));
}

off_t size_of(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 ? status.st_size : 0;
}

std::optional<std::string> canonical(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  std::array<char, PATH_MAX> resolved{};
  if (::realpath(folder.c_str(), resolved.data()) == nullptr) return std::nullopt;
  return std::string(resolved.data()) + "/" + (slash == std::string::npos ? path : path.substr(slash + 1));
}

[[noreturn]] void end_process() {
  for (;;) ::kill(::getpid(), SIGKILL);
}

}  // namespace

Layer* Layer::from_environment() {
  const char* folder = std::getenv(kFolderVariable);
  const char* watch = std::getenv(kWatchVariable);
  if (folder == nullptr || watch == nullptr) return nullptr;
  const std::string base = std::string(folder) + "/";
  const auto control =
      static_cast<int>(::syscall(SYS_openat, AT_FDCWD, (base + kControlFile).c_str(), O_RDWR | O_CLOEXEC, 0));
  const auto log = static_cast<int>(
      ::syscall(SYS_openat, AT_FDCWD, (base + kLogFile).c_str(), O_WRONLY | O_APPEND | O_CLOEXEC, 0));
  const auto path = canonical(watch);
  if (control < 0 || log < 0 || !path) end_process();  // a test that runs without its faults proves nothing
  void* map = ::mmap(nullptr, sizeof(Control), PROT_READ | PROT_WRITE, MAP_SHARED, control, 0);
  if (map == MAP_FAILED) end_process();
  // Never destroyed: threads may write until the process is gone.
  return new Layer(*static_cast<Control*>(map), log, *path);
}

Layer::Layer(Control& control, int log, std::string watched)
    : control_(control), log_(log), watched_(std::move(watched)), process_(::getpid()) {}

std::optional<std::string> Layer::watched(const char* path) const {
  const auto whole = canonical(path);
  if (!whole) return std::nullopt;
  if (*whole == watched_) return ".";
  if (watched_.compare(0, watched_.rfind('/'), *whole) == 0) return "..";
  if (whole->size() <= watched_.size() || !whole->starts_with(watched_) || (*whole)[watched_.size()] != '/')
    return std::nullopt;
  return whole->substr(watched_.size() + 1);
}

bool Layer::is_watched(int fd) const {
  return fd >= 0 && static_cast<std::size_t>(fd) < files_.size() && files_[static_cast<std::size_t>(fd)].open;
}

bool Layer::may_change(std::string_view name) {
  const std::int32_t code = control_.write_error;
  if (code == 0 || !name.starts_with(control_.refusing_files.data())) return true;
  control_.refused_writes += 1;
  errno = code;
  return false;
}

std::uint64_t Layer::log(Kind kind, const File& file, std::uint64_t offset, std::string_view data,
                         std::uint32_t flag) {
  Record record;
  record.kind = kind;
  record.number = control_.operations += 1;
  record.inode = file.inode;
  record.offset = offset;
  record.data_size = data.size();
  record.name_size = static_cast<std::uint32_t>(file.name.size());
  record.flag = flag;
  std::string whole(reinterpret_cast<const char*>(&record), sizeof record);
  whole.append(file.name).append(data);
  // One call: the kill that comes in the middle of it leaves a record that is not whole, and a write not
  // done.
  if (::syscall(SYS_write, log_, whole.data(), whole.size()) != static_cast<ssize_t>(whole.size()))
    end_process();
  if (record.number >= control_.cut_at) end_process();
  return record.number;
}

std::uint64_t Layer::log_name(Kind kind, const std::string& name, std::string_view second) {
  File named;
  named.name = name;
  return log(kind, named, 0, second);
}

int Layer::open(const std::string& name, const char* path, int flags, mode_t mode) {
  // A child of the broker only reads: what is killed here is the broker itself.
  if (::getpid() != process_) return static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path, flags, mode));
  const Lock lock(mutex_);
  const bool writes = (flags & O_ACCMODE) != O_RDONLY;
  struct stat status {};
  const bool was_there = ::lstat(path, &status) == 0;
  const off_t size_before = was_there ? status.st_size : 0;
  const bool creates = (flags & O_CREAT) != 0 && !was_there;
  // A file system that became read-only opens nothing for writing; a full one does.
  if ((creates || (writes && control_.write_error == EROFS)) && !may_change(name)) return -1;
  const auto fd = static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path, flags, mode));
  if (fd < 0) return fd;
  if (static_cast<std::size_t>(fd) >= files_.size()) end_process();
  ::fstat(fd, &status);
  File& file = files_[static_cast<std::size_t>(fd)];
  file = {true, S_ISDIR(status.st_mode), (flags & (O_DSYNC | O_SYNC)) != 0, status.st_ino, name};
  if (!file.is_folder) {
    log(creates ? Kind::Created : Kind::Opened, file, 0);
    if ((flags & O_TRUNC) != 0 && size_before > 0) log(Kind::Truncated, file, 0);
  }
  return fd;
}

void Layer::forget(int fd) {
  const Lock lock(mutex_);
  for (auto& [inode, list] : undo_) std::erase_if(list, [fd](const Undo& one) { return one.fd == fd; });
  files_[static_cast<std::size_t>(fd)] = {};
}

std::size_t Layer::take_room(int fd, off_t offset, std::size_t size) {
  const off_t end = offset + static_cast<off_t>(size);
  const auto growth = static_cast<std::uint64_t>(std::max<off_t>(0, end - size_of(fd)));
  const std::uint64_t room = control_.room;
  if (room == kNever) return size;
  if (growth <= room) {
    control_.room -= growth;
    return size;
  }
  // As file systems do it: what still fits is written. The rest is the next call's.
  const off_t last = (end - static_cast<off_t>(growth - room)) / kBlock * kBlock;
  control_.refused_writes += 1;
  if (last <= offset) return 0;
  control_.room -= static_cast<std::uint64_t>(std::max<off_t>(0, last - size_of(fd)));
  return static_cast<std::size_t>(last - offset);
}

ssize_t Layer::write(int fd, std::string_view bytes, off_t offset) {
  Lock lock(mutex_);
  const File file = files_[static_cast<std::size_t>(fd)];
  if (!may_change(file.name)) return -1;
  const off_t at = offset < 0 ? ::lseek(fd, 0, SEEK_CUR) : offset;
  const std::size_t fits = take_room(fd, at, bytes.size());
  if (fits == 0 && !bytes.empty()) {
    errno = ENOSPC;
    return -1;
  }
  const std::string_view part = bytes.substr(0, fits);
  if (control_.evicts) remember(control_.operations + 1, fd, at, part.size());
  const std::uint64_t number = log(Kind::Written, file, static_cast<std::uint64_t>(at), part);
  if (real_pwrite(fd, part, at) != static_cast<ssize_t>(part.size())) end_process();
  if (offset < 0) ::lseek(fd, at + static_cast<off_t>(part.size()), SEEK_SET);
  if (file.every_write_syncs && finish_sync(lock, file, number, number, true) != 0) return -1;
  return static_cast<ssize_t>(part.size());
}

int Layer::allocate(int fd, off_t size) {
  const Lock lock(mutex_);
  if (!may_change(files_[static_cast<std::size_t>(fd)].name)) return -1;
  const off_t now = size_of(fd);
  const auto growth = static_cast<std::uint64_t>(std::max<off_t>(0, size - now));
  if (growth > control_.room) {  // nothing is taken then
    errno = ENOSPC;
    return -1;
  }
  if (control_.room != kNever) control_.room -= growth;
  log(Kind::Allocated, files_[static_cast<std::size_t>(fd)], static_cast<std::uint64_t>(size));
  return size > now ? real_truncate(fd, size) : 0;
}

int Layer::truncate(int fd, off_t size) {
  const Lock lock(mutex_);
  if (!may_change(files_[static_cast<std::size_t>(fd)].name)) return -1;
  log(Kind::Truncated, files_[static_cast<std::size_t>(fd)], static_cast<std::uint64_t>(size));
  return real_truncate(fd, size);
}

int Layer::sync(int fd) {
  Lock lock(mutex_);
  const File file = files_[static_cast<std::size_t>(fd)];
  return finish_sync(lock, file, 1, control_.operations, false);
}

int Layer::finish_sync(Lock& lock, const File& file, std::uint64_t first, std::uint64_t last, bool one) {
  if (const std::uint32_t most = control_.sync_micros; most > 0) {
    lock.unlock();
    ::usleep(static_cast<useconds_t>((last * 2654435761U) % most));
    lock.lock();
  }
  if (sync_is_to_fail(file)) {
    control_.refused_syncs += 1;
    log(one ? Kind::FailedOne : Kind::SyncFailed, file, last, {}, control_.evicts ? 1 : 0);
    undo(file, first, last);
    errno = EIO;
    return -1;
  }
  std::erase_if(undo_[file.inode],
                [&](const Undo& change) { return change.number >= first && change.number <= last; });
  if (control_.lies) return 0;
  log(file.is_folder ? Kind::SyncedNames : one ? Kind::SyncedOne : Kind::Synced, file, last);
  return 0;
}

bool Layer::sync_is_to_fail(const File& file) {
  if (file.is_folder) return false;
  const std::string_view which(control_.faulty_file.data());
  if (!which.empty() && which != file.name) return false;
  if (control_.bad_syncs == 0) {
    if (control_.syncs_before_cut == 0) end_process();
    if (control_.syncs_before_cut != kNever) control_.syncs_before_cut -= 1;
    return false;
  }
  if (control_.good_syncs > 0) {
    control_.good_syncs -= 1;
    return false;
  }
  control_.bad_syncs -= 1;
  return true;
}

void Layer::remember(std::uint64_t number, int fd, off_t offset, std::size_t size) {
  std::string before(size, '\0');
  // The descriptor may be for writing only.
  const int reader = static_cast<int>(::syscall(
      SYS_openat, AT_FDCWD, ("/proc/self/fd/" + std::to_string(fd)).c_str(), O_RDONLY | O_CLOEXEC, 0));
  const ssize_t had = ::pread(reader, before.data(), size, offset);
  ::syscall(SYS_close, reader);
  before.resize(had < 0 ? 0 : static_cast<std::size_t>(had));
  const std::uint64_t inode = files_[static_cast<std::size_t>(fd)].inode;
  undo_[inode].push_back({number, fd, offset, size, std::move(before)});
}

void Layer::undo(const File& file, std::uint64_t first, std::uint64_t last) {
  std::vector<Undo>& list = undo_[file.inode];
  for (auto change = list.rbegin(); change != list.rend(); ++change) {
    if (change->number < first || change->number > last) continue;
    // The size of the file is the system's memory, not the disk's: it stays.
    std::string before = change->before;
    before.resize(static_cast<std::size_t>(
        std::clamp<off_t>(size_of(change->fd) - change->offset, 0, static_cast<off_t>(change->size))));
    real_pwrite(change->fd, before, change->offset);
  }
  std::erase_if(list, [&](const Undo& change) { return change.number >= first && change.number <= last; });
}

int Layer::rename(const char* from, const char* to) {
  const Lock lock(mutex_);
  const auto old_name = watched(from);
  const auto new_name = watched(to);
  if (!old_name || !new_name) end_process();  // out of the folder or into it: not modelled
  if (!may_change(*old_name) || !may_change(*new_name)) return -1;
  log_name(Kind::Renamed, *old_name, *new_name);
  for (File& file : files_)
    if (file.open && file.name == *old_name) file.name = *new_name;
  return static_cast<int>(::syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}

int Layer::remove(const char* path, const std::string& name) {
  const Lock lock(mutex_);
  if (!may_change(name)) return -1;
  log_name(Kind::Removed, name);
  return static_cast<int>(::syscall(SYS_unlinkat, AT_FDCWD, path, 0));
}

int Layer::make_folder(const char* path, const std::string& name, mode_t mode) {
  const Lock lock(mutex_);
  struct stat status {};
  if (::lstat(path, &status) == 0) {
    errno = EEXIST;
    return -1;
  }
  if (!may_change(name)) return -1;
  log_name(Kind::MadeFolder, name);
  return static_cast<int>(::syscall(SYS_mkdirat, AT_FDCWD, path, mode));
}

void Layer::mapped_for_writing(int fd) {
  const Lock lock(mutex_);
  log(Kind::Mapped, files_[static_cast<std::size_t>(fd)], 0);
}

void Layer::sending() {
  if (::getpid() == process_ && (control_.sends += 1) >= control_.cut_at_send) end_process();
}

std::optional<std::uint64_t> Layer::room() const {
  const std::uint64_t room = control_.room;
  return room == kNever ? std::nullopt : std::optional(room);
}

}  // namespace hermod::crash::faults
