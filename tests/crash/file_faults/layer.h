#pragma once
#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/crash/file_faults/control.h"

namespace hermod::crash::faults {

/// Stands between one process and the files of the watched folder: writes down what is done to them before it
/// is done, and lets it fail when the test says so. A sync is never passed on: what is durable is what the
/// log says. Owns the log and the map of the control file; any thread; lives as long as the process. All
/// functions are like the system's: -1 and errno.
class Layer {
 public:
  /// Null when the environment does not ask for a layer, or asks for one that cannot be had.
  static Layer* from_environment();

  /// The name below the watched folder; "." and ".." for itself and for the folder it is in.
  std::optional<std::string> watched(const char* path) const;
  bool is_watched(int fd) const;

  int open(const std::string& name, const char* path, int flags, mode_t mode);
  void forget(int fd);
  /// Negative offset: at the descriptor's own place, which moves on.
  ssize_t write(int fd, std::string_view bytes, off_t offset);
  int allocate(int fd, off_t size);
  int truncate(int fd, off_t size);
  int sync(int fd);
  int rename(const char* from, const char* to);
  int remove(const char* path, const std::string& name);
  int make_folder(const char* path, const std::string& name, mode_t mode);
  void mapped_for_writing(int fd);
  /// The process is about to send to a socket.
  void sending();
  /// Bytes that files may still grow by, when there is a limit.
  std::optional<std::uint64_t> room() const;

 private:
  struct File {
    bool open = false;
    bool is_folder = false;
    bool every_write_syncs = false;
    std::uint64_t inode = 0;
    std::string name;
  };
  /// What a write has changed, for a system that throws the page out.
  struct Undo {
    std::uint64_t number;
    int fd;
    off_t offset;
    std::size_t size;    ///< that was written
    std::string before;  ///< shorter where the file ended
  };
  using Lock = std::unique_lock<std::mutex>;

  Layer(Control& control, int log, std::string watched);
  /// False, with errno, when nothing may be written to it.
  bool may_change(std::string_view name);
  std::uint64_t log(Kind kind, const File& file, std::uint64_t offset, std::string_view data = {},
                    std::uint32_t flag = 0);
  std::uint64_t log_name(Kind kind, const std::string& name, std::string_view second = {});
  /// How many of the bytes there is room for; they are taken off.
  std::size_t take_room(int fd, off_t offset, std::size_t size);
  void remember(std::uint64_t number, int fd, off_t offset, std::size_t size);
  void undo(const File& file, std::uint64_t first, std::uint64_t last);
  /// Ends a sync of the operations from `first` to `last`; `one`: it is for that operation alone.
  int finish_sync(Lock& lock, const File& file, std::uint64_t first, std::uint64_t last, bool one);
  bool sync_is_to_fail(const File& file);

  Control& control_;
  const int log_;
  const std::string watched_;
  const pid_t process_;
  std::mutex mutex_;
  std::array<File, 1024> files_;
  std::map<std::uint64_t, std::vector<Undo>> undo_;  // by inode
};

}  // namespace hermod::crash::faults
