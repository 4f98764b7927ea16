#pragma once
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/fd.h"

namespace hermod::net {

/// Tells when one of some files may have become another: written, replaced by a rename, or reached through a
/// symbolic link, its own or of a folder above it, that now leads elsewhere. It watches the folders, by
/// inotify, so a file may go and come back. Owns its descriptor; on one thread.
class FileWatch {
 public:
  /// Errors: Io when the system has no watches left.
  Status open();
  /// Readable when something happened in one of the folders; -1 before open().
  int descriptor() const { return inotify_.get(); }

  /// From now on these, and no others; their links are followed as they are now, so call it again after each
  /// change, before the files are read. Errors: Io, naming a folder that cannot be watched; the others are.
  Status watch(const std::vector<std::string>& files);
  /// Takes what has happened; true when one of the files is meant.
  bool take_events();

 private:
  using Names = std::vector<std::string>;
  /// Folders, and what in them counts.
  using Places = std::map<std::string, Names>;

  static void add_places(const std::string& file, Places& places);
  bool concerns(int watched, unsigned int what, const std::string& name) const;

  struct Folder {
    std::string path;
    Names names;
  };
  Fd inotify_;
  std::map<int, Folder> folders_;  ///< by the number of their watch
};

}  // namespace hermod::net
