#include "net/file_watch.h"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <list>
#include <system_error>
#include <utility>

namespace hermod::net {
namespace {

namespace fs = std::filesystem;

constexpr unsigned int kOfFiles = IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_ATTRIB;
constexpr unsigned int kOfFolder = IN_DELETE_SELF | IN_MOVE_SELF;
/// As many as the kernel follows.
constexpr int kMostLinks = 40;

/// A file that was just made is empty and will be closed; a link, or a folder, is complete.
bool is_unfinished(const std::string& path) {
  struct stat found {};
  return ::lstat(path.c_str(), &found) == 0 && S_ISREG(found.st_mode) && found.st_nlink == 1;
}

void put_in_front(const fs::path& path, std::list<std::string>& names) {
  auto at = names.begin();
  for (const fs::path& name : path) {
    if (name != "/" && name != "." && !name.empty()) names.insert(at, name.string());
  }
}

}  // namespace

Status FileWatch::open() {
  inotify_ = Fd(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (inotify_.get() >= 0) return {};
  return failure(Errc::Io, "inotify: " + std::generic_category().message(errno));
}

/// Every link on the way is a place, and what stands at its end.
void FileWatch::add_places(const std::string& file, Places& places) {
  std::error_code error;
  std::list<std::string> names;
  put_in_front(fs::absolute(file, error), names);
  fs::path folder = "/";
  for (int links = 0; !names.empty() && links <= kMostLinks;) {
    const std::string name = std::move(names.front());
    names.pop_front();
    if (name == "..") {
      folder = folder.parent_path();
      continue;
    }
    const fs::path whole = folder / name;
    const fs::file_status status = fs::symlink_status(whole, error);
    const bool is_link = fs::is_symlink(status);
    if (is_link || names.empty() || !fs::exists(status)) places[folder.string()].push_back(name);
    if (!is_link) {
      if (!fs::exists(status)) return;
      folder = whole;
      continue;
    }
    ++links;
    const fs::path target = fs::read_symlink(whole, error);
    if (target.is_absolute()) folder = "/";
    put_in_front(target, names);
  }
}

Status FileWatch::watch(const std::vector<std::string>& files) {
  Places places;
  for (const std::string& file : files) add_places(file, places);
  Status out;
  std::map<int, Folder> watched;
  for (auto& [path, names] : places) {
    const int number = inotify_add_watch(inotify_.get(), path.c_str(), kOfFiles | kOfFolder | IN_ONLYDIR);
    if (number < 0) {
      out = failure(Errc::Io, path + " cannot be watched: " + std::generic_category().message(errno));
      continue;
    }
    watched.insert_or_assign(number, Folder{path, std::move(names)});
  }
  for (const auto& [number, folder] : folders_) {
    if (!watched.contains(number)) inotify_rm_watch(inotify_.get(), number);
  }
  folders_ = std::move(watched);
  return out;
}

bool FileWatch::concerns(int watched, unsigned int what, const std::string& name) const {
  if ((what & IN_Q_OVERFLOW) != 0) return true;
  const auto folder = folders_.find(watched);
  if (folder == folders_.end()) return false;  // of a watch that was given up
  if ((what & (kOfFolder | IN_IGNORED)) != 0) return true;
  const Names& names = folder->second.names;
  if (std::ranges::find(names, name) == names.end()) return false;
  return (what & IN_CREATE) == 0 || !is_unfinished(folder->second.path + "/" + name);
}

bool FileWatch::take_events() {
  alignas(inotify_event) std::array<char, 4096> room;
  bool found = false;
  for (;;) {
    const ssize_t size = ::read(inotify_.get(), room.data(), room.size());
    if (size <= 0) return found;
    for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
      const auto* event = reinterpret_cast<const inotify_event*>(room.data() + at);
      const std::string name(event->len == 0 ? "" : event->name);
      found = concerns(event->wd, event->mask, name) || found;
      at += sizeof(inotify_event) + event->len;
    }
  }
}

}  // namespace hermod::net
