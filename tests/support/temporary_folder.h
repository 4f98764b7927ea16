#pragma once
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

namespace hermod::support {

/// Where tests have files that have to do with no disk: in memory, where the system has such a file system
/// with room. Else a broker's promises wait for a disk that other programs keep busy, and for kernel threads
/// that get no turn on a busy machine: a minute has been seen. With TMPDIR in the environment, there.
inline std::filesystem::path memory_base() {
  constexpr std::uintmax_t kEnough = std::uintmax_t{4} << 30;
  const std::filesystem::path memory = "/dev/shm";
  if (std::getenv("TMPDIR") == nullptr && ::access(memory.c_str(), W_OK) == 0) {
    std::error_code unknown;
    const std::filesystem::space_info space = std::filesystem::space(memory, unknown);
    if (!unknown && space.available >= kEnough) return memory;
  }
  return std::filesystem::temp_directory_path();
}

/// A new empty folder, removed with everything in it at the end.
class TemporaryFolder {
 public:
  /// Under `base`. Throws std::system_error when it cannot be made.
  explicit TemporaryFolder(const std::filesystem::path& base = std::filesystem::temp_directory_path()) {
    std::string name = (base / "hermod-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::system_error(errno, std::generic_category(), name);
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace hermod::support
