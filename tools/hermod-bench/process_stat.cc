#include "process_stat.h"

#include <time.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace hermod::bench {
namespace {

std::string process_folder(int pid) {
  return "/proc/" + std::to_string(pid);
}

/// The number behind "<key>:" in a file of such lines; 0 when there is none.
std::uint64_t number_in(const std::string& path, const std::string& key) {
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    if (line.compare(0, key.size() + 1, key + ":") != 0) continue;
    std::istringstream rest(line.substr(key.size() + 1));
    std::uint64_t value = 0;
    rest >> value;
    return value;
  }
  return 0;
}

}  // namespace

std::uint64_t rss_bytes(int pid) {
  return number_in(process_folder(pid) + "/status", "VmRSS") * 1024;
}

std::uint64_t pss_bytes(int pid) {
  return number_in(process_folder(pid) + "/smaps_rollup", "Pss") * 1024;
}

Result<ProcessSample> sample_process(int pid) {
  ProcessSample sample;
  std::error_code error;
  for (const auto& task : std::filesystem::directory_iterator(process_folder(pid) + "/task", error)) {
    std::ifstream schedstat(task.path() / "schedstat");
    std::uint64_t on_cpu_ns = 0;
    schedstat >> on_cpu_ns;
    sample.cpu_ns += on_cpu_ns;
    const std::string status = task.path() / "status";
    sample.voluntary_switches += number_in(status, "voluntary_ctxt_switches");
    sample.forced_switches += number_in(status, "nonvoluntary_ctxt_switches");
  }
  if (error) return failure(Errc::Invalid, "process " + std::to_string(pid) + ": " + error.message());
  sample.rss_bytes = rss_bytes(pid);
  sample.peak_rss_bytes = number_in(process_folder(pid) + "/status", "VmHWM") * 1024;
  return sample;
}

std::uint64_t own_cpu_ns() {
  timespec used{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<std::uint64_t>(used.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(used.tv_nsec);
}

}  // namespace hermod::bench
