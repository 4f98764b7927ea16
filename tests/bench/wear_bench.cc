// Bytes written for each byte that was given to the store, by the size of messages and how many of them a
// group has: by the store's own count, and by that of the system. They do not depend on how fast the machine
// is.
//
//   bench_wear [--folder DIR] [--disk vda]
//
// "read": each message is erased a thousand messages later, as by a consumer that keeps up; in groups of
// their own size. "kept": nothing is erased, all of it ends in the tables. Over 100 queues, with the settings
// that a broker has. Without
// --disk the system's count is that of this process (/proc/self/io), with it the whole disk's, which then has
// to be idle.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "store/committer.h"
#include "store/store.h"
#include "tests/bench/entry_collector.h"

namespace hermod::store {
namespace {

constexpr std::uint64_t kQueues = 100;
constexpr std::size_t kReadBehind = 1000;

/// What the system says was written, by this process or to a disk.
class SystemCount {
 public:
  explicit SystemCount(const std::string& disk) : disk_(disk) {}
  std::uint64_t bytes() const {
    if (!disk_.empty()) {
      std::ifstream statistics("/sys/block/" + disk_ + "/stat");
      std::uint64_t number = 0;
      for (int field = 0; field < 7; ++field) statistics >> number;
      return number * 512;
    }
    std::ifstream io("/proc/self/io");
    for (std::string name, value; io >> name >> value;)
      if (name == "write_bytes:") return std::strtoull(value.c_str(), nullptr, 10);
    return 0;
  }

 private:
  const std::string disk_;
};

struct Ratios {
  double system = 0;
  double store = 0;
  double journal = 0;
};

Ratios measure(const std::string& folder, std::size_t size, std::size_t group, bool read,
               const SystemCount& system) {
  Options options;
  options.path = folder;
  const SystemClock clock;
  OpenReport report;
  auto opened = Store::open(options, clock, report);
  if (!opened) {
    std::fprintf(stderr, "%s\n", opened.error().detail.c_str());
    std::exit(1);
  }
  Store& store = **opened;
  EntryCollector observer;
  Committer committer(options, store.journal(), observer, clock, &store.sink());
  store.start();
  const std::string value(size, 'v');
  // Eight megabytes, or as many groups as a patient disk syncs in some seconds: the ratio is the same sooner.
  const std::size_t groups =
      std::max<std::size_t>(20, std::min<std::size_t>(1500, (std::size_t{8} << 20) / (group * size)));
  std::vector<Submission> batches;
  std::uint64_t queue = 0;
  std::uint64_t accepted = 0;
  const std::uint64_t system_before = system.bytes();
  for (std::size_t number = 0; number < groups; ++number) {
    for (std::size_t i = 0; i < group; ++i) {
      WriteBatch batch;
      batch.append({1 + ++queue % kQueues}, as_bytes(value));
      if (read && observer.entries.size() > kReadBehind) {
        batch.erase_entry(observer.entries.front().stream, observer.entries.front().seq);
        observer.entries.pop_front();
      }
      accepted += size;
      batches.push_back({std::move(batch), nullptr});
    }
    committer.submit_all(batches);
    committer.run_once();
    if (!read) observer.entries.clear();
  }
  if (read) {  // the consumer gets the rest
    WriteBatch batch;
    for (const Appended& entry : observer.entries) batch.erase_entry(entry.stream, entry.seq);
    committer.submit(std::move(batch), nullptr);
  }
  committer.stop();
  store.stop();  // what a checkpoint still owes counts
  const auto bytes = static_cast<double>(accepted);
  const Wear wear = store.wear();
  const Ratios ratios{static_cast<double>(system.bytes() - system_before) / bytes, wear.per_byte(),
                      static_cast<double>(wear.journal) / bytes};
  opened->reset();
  std::filesystem::remove_all(folder);
  return ratios;
}

}  // namespace
}  // namespace hermod::store

int main(int argc, char** argv) {
  using namespace hermod::store;
  std::string folder = "/tmp";
  std::string disk;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    if (name == "--folder") folder = argv[i + 1];
    if (name == "--disk") disk = argv[i + 1];
  }
  const SystemCount system(disk);
  std::printf(
      "| message | group | read: store | system | kept: store | of it journal | system "
      "|\n|---|---|---|---|---|---|---|\n");
  for (const std::size_t size : {16U, 256U, 4096U}) {
    for (const std::size_t group : {1U, 16U, 128U, 1024U}) {
      const Ratios read = measure(folder + "/hermod-wear-bench", size, group, true, system);
      const Ratios kept = measure(folder + "/hermod-wear-bench", size, group, false, system);
      std::printf("| %zu | %zu | %.2f | %.2f | %.2f | %.2f | %.2f |\n", size, group, read.store, read.system,
                  kept.store, kept.journal, kept.system);
      std::fflush(stdout);
    }
  }
}
