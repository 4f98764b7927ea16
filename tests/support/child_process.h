#pragma once
#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/temporary_folder.h"
#include "tests/support/timing.h"

namespace hermod::support {

/// A program that a test started. Its output goes to files; it dies with the test at the latest.
class ChildProcess {
 public:
  /// `command[0]` is looked up in PATH. Throws Unexpected when it cannot be started at all.
  explicit ChildProcess(const std::vector<std::string>& command, const std::filesystem::path& folder = {});
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  bool running();
  void signal(int number) const;
  /// The exit code, or 128 + the signal that ended it; nothing when it still runs at the limit.
  std::optional<int> wait(Millis limit);

  std::string output() const;  ///< stdout so far
  std::string errors() const;  ///< stderr so far
  /// Resident memory (VmRSS).
  std::size_t resident_bytes() const;

 private:
  TemporaryFolder files_;
  pid_t pid_ = -1;
  std::optional<int> exit_;
};

struct Finished {
  int exit_code = 0;
  std::string output;
  std::string errors;
};

/// Runs a program to its end. Throws Unexpected when that takes longer than the limit.
Finished run(const std::vector<std::string>& command, Millis limit = scaled(std::chrono::seconds(20)));

/// Where a program is in PATH, or nothing.
std::optional<std::string> find_program(const std::string& name);

std::string read_text(const std::filesystem::path& file);
void write_text(const std::filesystem::path& file, const std::string& text);

}  // namespace hermod::support
