#include "tests/crash/file_faults.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <new>

#include "tests/support/packet_bytes.h"

namespace hermod::crash {

using faults::Control;

FileFaults::FileFaults(std::uint64_t seed) : disk_(seed) {
  // The loader only warns of a library that it does not find, and the broker would run without its faults.
  if (::access(HERMOD_FILE_FAULTS_LIBRARY, R_OK) != 0)
    throw support::Unexpected(std::string("the file layer is missing: ") + HERMOD_FILE_FAULTS_LIBRARY +
                              "; build the target file_faults of the dev preset");
  support::write_text(log(), "");
  const std::string file = (folder_.path() / faults::kControlFile).string();
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  const bool sized = ::ftruncate(fd, sizeof(Control)) == 0;
  void* map = ::mmap(nullptr, sizeof(Control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ::close(fd);
  if (!sized || map == MAP_FAILED) throw support::Unexpected("cannot map " + file);
  control_ = new (map) Control;
}

FileFaults::~FileFaults() {
  ::munmap(control_, sizeof(Control));
}

std::vector<std::string> FileFaults::words() const {
  // A sanitizer wants to be the first library; the layer has none of its own and passes everything on.
  const char* options = std::getenv("ASAN_OPTIONS");
  const std::string asan = options == nullptr ? "" : std::string(options) + ":";
  return {"env", std::string("LD_PRELOAD=") + HERMOD_FILE_FAULTS_LIBRARY,
          "ASAN_OPTIONS=" + asan + "verify_asan_link_order=0",
          std::string(faults::kFolderVariable) + "=" + folder_.path().string(),
          std::string(faults::kWatchVariable) + "=data"};
}

void FileFaults::fail_syncs(const std::string& file, std::uint64_t good, std::uint64_t count,
                            std::uint64_t before_cut) {
  control_->syncs_before_cut = faults::kNever;
  control_->bad_syncs = 0;
  control_->faulty_file.fill('\0');
  file.copy(control_->faulty_file.data(), control_->faulty_file.size() - 1);
  control_->good_syncs = good;
  control_->bad_syncs = count;
  control_->syncs_before_cut = before_cut;
}

void FileFaults::fail_writes(const std::string& files, int code) {
  control_->write_error = 0;
  control_->refusing_files.fill('\0');
  files.copy(control_->refusing_files.data(), control_->refusing_files.size() - 1);
  control_->write_error = code;
}

void FileFaults::cut_power(const std::filesystem::path& folder, Fate fate) {
  disk_.replay(log());
  disk_.cut(fate);
  disk_.write_to(folder);
  support::write_text(log(), "");
}

}  // namespace hermod::crash
