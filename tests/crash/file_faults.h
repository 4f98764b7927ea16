#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/crash/disk_image.h"
#include "tests/crash/file_faults/control.h"
#include "tests/support/child_process.h"

namespace hermod::crash {

/// The test's end of the file layer in the broker: its switches, and the disk that it stands for. Owns the
/// folder in which the two meet; made before the broker and gone after it.
class FileFaults {
 public:
  explicit FileFaults(std::uint64_t seed);
  ~FileFaults();
  FileFaults(const FileFaults&) = delete;
  FileFaults& operator=(const FileFaults&) = delete;

  /// The words in front of the broker's command; for a broker whose folder is "data" in its working
  /// directory.
  std::vector<std::string> words() const;
  faults::Control& control() { return *control_; }
  /// The next `count` syncs of the file fail, behind `good` that do not.
  /// Then `before_cut` more do not, and the one behind those ends the broker.
  void fail_syncs(const std::string& file, std::uint64_t good, std::uint64_t count,
                  std::uint64_t before_cut = faults::kNever);
  /// Whatever would change the files whose names begin so fails with this code of errno; 0: nothing does.
  void fail_writes(const std::string& files, int code);
  void fail_no_sync() { fail_syncs("", 0, 0); }
  /// With the broker dead: `folder` becomes what the disk holds after a power cut.
  void cut_power(const std::filesystem::path& folder, Fate fate);
  const DiskImage& disk() const { return disk_; }

 private:
  std::filesystem::path log() const { return folder_.path() / faults::kLogFile; }

  support::TemporaryFolder folder_;
  faults::Control* control_;
  DiskImage disk_;
};

}  // namespace hermod::crash
