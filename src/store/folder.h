#pragma once
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "store/progress.h"

namespace hermod::store {

/// The folder of a store and, when it was locked, the lock on it. Owns the lock's descriptor; the lock ends
/// with the object, and with the process.
class Folder {
 public:
  enum class Format {
    None,
    Current,
    Upgradable,  ///< kUpgradable
    Older,       ///< which nothing here reads
    Newer,
    Foreign,
  };
  /// The number of the present format, and of the one before it, which can be made this one.
  static constexpr unsigned long kFormat = 4;
  static constexpr unsigned long kUpgradable = 3;

  /// Makes the folder (0700, with its parents) and locks it. Errors: Busy when another process has it,
  /// Invalid when the path is not a folder, Io.
  static Result<Folder> lock(const std::string& path);
  /// A folder that may be another process's, for reading. Errors: NotFound when there is none.
  static Result<Folder> look(const std::string& path);
  /// A folder in which nothing is written, and no broker starts meanwhile; for one that may lie on a disk
  /// that cannot be written. Without a `lock` file no broker was ever here, and nothing is locked. Errors:
  /// NotFound when there is no folder, Busy when a broker has it, Io.
  static Result<Folder> lock_to_read(const std::string& path);
  ~Folder();
  Folder(Folder&& other) noexcept;
  Folder& operator=(Folder&&) = delete;

  const std::string& path() const { return path_; }
  std::string journal() const { return path_ + "/journal"; }  ///< a folder
  std::string tables() const { return path_ + "/tables"; }

  Result<Format> format() const;
  /// The number in the file `format`; zero when there is none.
  unsigned long format_number() const;
  Status write_format() const;
  /// True when any file of a store is here besides the lock.
  bool has_files() const;
  /// Moves all files of the store to <path>/damaged-<time>/ with a report; gives that folder's path.
  Result<std::string> set_aside(WallTime now, const std::string& why) const;
  /// Copies all files of the store to <path>/format-<kUpgradable>-unfinished/ with a report, durably, and
  /// tells how far it is; what an earlier attempt left there is deleted first, so that there is never more
  /// than one. Gives that folder's path. Its `format` comes last. After an error nothing is left of it.
  /// Errors: Corruption (a file of the store is missing), NoSpace, Io.
  Result<std::string> begin_backup(WallTime now, const Progress& progress) const;
  /// Gives the copy its name to stay, <path>/format-<kUpgradable>-<time>/, durably; gives that.
  Result<std::string> finish_backup(WallTime now) const;
  /// Deletes a copy, under either name.
  static void drop_backup(const std::string& copy);
  /// Nobody but the owner reads the files.
  Status restrict_modes() const;
  Status sync() const;

 private:
  Folder(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}
  std::string backup() const { return path_ + "/format-" + std::to_string(kUpgradable) + "-"; }

  std::string path_;
  int lock_;
};

}  // namespace hermod::store
