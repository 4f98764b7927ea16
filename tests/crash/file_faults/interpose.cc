// The system's functions that change files or send, as the broker and its libraries call them. What is not
// about the watched folder goes on to whoever is next.
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "tests/crash/file_faults/layer.h"

namespace {

using hermod::crash::faults::Layer;

/// Of this process. Null before main's libraries are ready, and without the environment for it.
Layer*& layer() {
  static Layer* instance = nullptr;
  return instance;
}

__attribute__((constructor)) void attach() {
  layer() = Layer::from_environment();
}

bool is_watched(int fd) {
  return layer() != nullptr && layer()->is_watched(fd);
}

template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

int open_any(int folder, const char* path, int flags, mode_t mode) {
  if (layer() != nullptr && (folder == AT_FDCWD || path[0] == '/'))
    if (const auto name = layer()->watched(path)) return layer()->open(*name, path, flags, mode);
  return static_cast<int>(::syscall(SYS_openat, folder, path, flags, mode));
}

ssize_t write_pieces(int fd, const iovec* pieces, int count, off_t offset) {
  std::string bytes;
  for (int i = 0; i < count; ++i)
    bytes.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
  return layer()->write(fd, bytes, offset);
}

/// What the budget leaves, as a full disk says it.
template <class Status>
int with_room(int code, Status* status) {
  if (code == 0 && layer() != nullptr && layer()->room())
    status->f_bavail = status->f_bfree = *layer()->room() / status->f_frsize;
  return code;
}

int allocate(int fd, int mode, off_t offset, off_t size) {
  if (!is_watched(fd)) return static_cast<int>(::syscall(SYS_fallocate, fd, mode, offset, size));
  if (mode == 0) return layer()->allocate(fd, offset + size);
  errno = EOPNOTSUPP;
  return -1;
}

int truncate_any(int fd, off_t size) {
  return is_watched(fd) ? layer()->truncate(fd, size) : static_cast<int>(::syscall(SYS_ftruncate, fd, size));
}

void* map_any(void* at, size_t size, int protection, int flags, int fd, off_t offset) {
  if ((flags & MAP_SHARED) != 0 && (protection & PROT_WRITE) != 0 && is_watched(fd))
    layer()->mapped_for_writing(fd);
  return reinterpret_cast<void*>(::syscall(SYS_mmap, at, size, protection, flags, fd, offset));
}

mode_t mode_of(int flags, va_list rest) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
}

}  // namespace

#define HERMOD_OPEN(name)                         \
  int name(const char* path, int flags, ...) {    \
    va_list rest;                                 \
    va_start(rest, flags);                        \
    const mode_t mode = mode_of(flags, rest);     \
    va_end(rest);                                 \
    return open_any(AT_FDCWD, path, flags, mode); \
  }
#define HERMOD_OPENAT(name)                                \
  int name(int folder, const char* path, int flags, ...) { \
    va_list rest;                                          \
    va_start(rest, flags);                                 \
    const mode_t mode = mode_of(flags, rest);              \
    va_end(rest);                                          \
    return open_any(folder, path, flags, mode);            \
  }

extern "C" {

#pragma GCC visibility push(default)

HERMOD_OPEN(open)
HERMOD_OPEN(open64)
HERMOD_OPENAT(openat)
HERMOD_OPENAT(openat64)

int close(int fd) {
  if (is_watched(fd)) layer()->forget(fd);
  return next<int (*)(int)>("close")(fd);
}

/// A folder that is read has been opened like a file, and is closed inside the C library.
int closedir(DIR* folder) {
  const int fd = ::dirfd(folder);
  if (is_watched(fd)) layer()->forget(fd);
  return next<int (*)(DIR*)>("closedir")(folder);
}

ssize_t write(int fd, const void* bytes, size_t size) {
  if (is_watched(fd)) return layer()->write(fd, {static_cast<const char*>(bytes), size}, -1);
  return next<decltype(&write)>("write")(fd, bytes, size);
}

ssize_t pwrite(int fd, const void* bytes, size_t size, off_t offset) {
  if (is_watched(fd)) return layer()->write(fd, {static_cast<const char*>(bytes), size}, offset);
  return next<decltype(&pwrite)>("pwrite")(fd, bytes, size, offset);
}

ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t offset) {
  return pwrite(fd, bytes, size, offset);
}

ssize_t writev(int fd, const iovec* pieces, int count) {
  if (is_watched(fd)) return write_pieces(fd, pieces, count, -1);
  return next<decltype(&writev)>("writev")(fd, pieces, count);
}

ssize_t pwritev(int fd, const iovec* pieces, int count, off_t offset) {
  if (is_watched(fd)) return write_pieces(fd, pieces, count, offset);
  return next<decltype(&pwritev)>("pwritev")(fd, pieces, count, offset);
}

ssize_t pwritev64(int fd, const iovec* pieces, int count, off64_t offset) {
  return pwritev(fd, pieces, count, offset);
}

int fallocate(int fd, int mode, off_t offset, off_t size) {
  return allocate(fd, mode, offset, size);
}

int fallocate64(int fd, int mode, off64_t offset, off64_t size) {
  return allocate(fd, mode, offset, size);
}

int ftruncate(int fd, off_t size) noexcept {
  return truncate_any(fd, size);
}

int ftruncate64(int fd, off64_t size) noexcept {
  return truncate_any(fd, size);
}

int fsync(int fd) {
  return is_watched(fd) ? layer()->sync(fd) : static_cast<int>(::syscall(SYS_fsync, fd));
}

int fdatasync(int fd) {
  return is_watched(fd) ? layer()->sync(fd) : static_cast<int>(::syscall(SYS_fdatasync, fd));
}

int rename(const char* from, const char* to) noexcept {
  if (layer() != nullptr && (layer()->watched(from) || layer()->watched(to)))
    return layer()->rename(from, to);
  return static_cast<int>(::syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}

int unlink(const char* path) noexcept {
  if (layer() != nullptr)
    if (const auto name = layer()->watched(path)) return layer()->remove(path, *name);
  return static_cast<int>(::syscall(SYS_unlinkat, AT_FDCWD, path, 0));
}

int mkdir(const char* path, mode_t mode) noexcept {
  if (layer() != nullptr)
    if (const auto name = layer()->watched(path); name && *name != "..")
      return layer()->make_folder(path, *name, mode);
  return static_cast<int>(::syscall(SYS_mkdirat, AT_FDCWD, path, mode));
}

int statvfs(const char* path, struct statvfs* status) noexcept {
  return with_room(next<int (*)(const char*, struct statvfs*)>("statvfs")(path, status), status);
}

int fstatvfs(int fd, struct statvfs* status) noexcept {
  return with_room(next<int (*)(int, struct statvfs*)>("fstatvfs")(fd, status), status);
}

void* mmap(void* at, size_t size, int protection, int flags, int fd, off_t offset) noexcept {
  return map_any(at, size, protection, flags, fd, offset);
}

void* mmap64(void* at, size_t size, int protection, int flags, int fd, off64_t offset) noexcept {
  return map_any(at, size, protection, flags, fd, offset);
}

ssize_t send(int fd, const void* bytes, size_t size, int flags) {
  if (layer() != nullptr) layer()->sending();
  return next<decltype(&send)>("send")(fd, bytes, size, flags);
}

ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  if (layer() != nullptr) layer()->sending();
  return next<decltype(&sendmsg)>("sendmsg")(fd, message, flags);
}

#pragma GCC visibility pop

}  // extern "C"
