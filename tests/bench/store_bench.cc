// Durable messages a second through committer and store, with checkpoints, beside the floor of the same disk
// in the same run: append + fdatasync to a preallocated file, one group at a time. 256-byte entries over
// 10,000 queues.
//
//   bench_store [--folder DIR] [--seconds N] [--disk vda] [--group N] [--kind kept]
//
// The committer has its own thread, as in the broker, and groups of this size at the most; the bench is its
// one submitter and keeps three groups on the way, as publishers do that have more than one message in
// flight.
//
// Prints per group size: messages/s of both, their ratio, CPU per message, bytes written per payload byte: by
// the store's own count (of it the tables), and by the system's. A checkpoint goes on while the floor has its
// turn, so the store's are those of all turns, less what the floor itself took. "kept": nothing is ever
// erased, every byte ends in the tables. "read": an entry is erased 20,000 messages later. "--kind" runs one
// of them alone.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "store/committer.h"
#include "store/store.h"

namespace hermod::store {
namespace {

constexpr std::size_t kPayload = 256;
constexpr std::uint64_t kQueues = 10'000;
constexpr std::size_t kReadBehind = 20'000;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// The whole disk's, when it is named: /proc/self/io counts a page as written when it becomes dirty, and with
/// large folios that is a multiple of what reaches the device. Then nothing else may write meanwhile.
std::string disk_statistics;  // NOLINT: set once by main

std::uint64_t device_bytes() {
  if (!disk_statistics.empty()) {
    std::ifstream statistics(disk_statistics);
    std::uint64_t number = 0;
    for (int field = 0; field < 7; ++field) statistics >> number;
    return number * 512;
  }
  std::ifstream io("/proc/self/io");
  for (std::string name, value; io >> name >> value;)
    if (name == "write_bytes:") return std::strtoull(value.c_str(), nullptr, 10);
  return 0;
}

double thread_cpu_seconds() {
  struct timespec time {};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

double cpu_seconds() {
  struct rusage usage {};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto of = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

/// Append and fdatasync to a file whose blocks are all written.
class Floor {
 public:
  Floor(const std::string& folder, std::size_t group) : file_(folder + "/floor") {
    fd_ = ::open(file_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const std::string zeros(1 << 20, '\0');
    for (off_t at = 0; at < kSize; at += 1 << 20)
      if (::pwrite(fd_, zeros.data(), zeros.size(), at) < 0) std::exit(1);
    ::fsync(fd_);
    record_.assign(group * kPayload, 'v');
  }
  ~Floor() {
    ::close(fd_);
    std::filesystem::remove(file_);
  }
  Floor(const Floor&) = delete;
  Floor& operator=(const Floor&) = delete;
  void commit() {
    if (at_ + static_cast<off_t>(record_.size()) > kSize) at_ = 0;
    if (::pwrite(fd_, record_.data(), record_.size(), at_) < 0) std::exit(1);
    ::fdatasync(fd_);
    at_ += static_cast<off_t>(record_.size());
  }

 private:
  static constexpr off_t kSize = off_t{256} << 20;
  const std::string file_;
  std::string record_;
  int fd_ = -1;
  off_t at_ = 0;
};

/// Sums over turns, because the disk's mood changes within seconds: store and floor take turns of half a
/// second.
struct Sum {
  double seconds = 0;
  double cpu = 0;  // of the bench's own thread
  std::size_t messages = 0;

  /// `wait` is for what the last work has left on the way.
  template <class Work, class Wait>
  void measure(double limit, std::size_t group, Work&& work, Wait&& wait) {
    const double cpu_before = thread_cpu_seconds();
    const auto begin = Clock::now();
    while (seconds_since(begin) < limit) {
      work();
      messages += group;
    }
    wait();
    seconds += seconds_since(begin);
    cpu += thread_cpu_seconds() - cpu_before;
  }
  double rate() const { return static_cast<double>(messages) / seconds; }
  std::uint64_t payload() const { return messages * kPayload; }
};

/// What the process took since begin().
struct Taken {
  double cpu = 0;
  std::uint64_t device = 0;
  Wear wear;

  static Taken begin(const Store& store) { return {cpu_seconds(), device_bytes(), store.wear()}; }
  Taken until_now(const Store& store) const {
    Wear now = store.wear();
    now.journal -= wear.journal;
    now.tables -= wear.tables;
    return {cpu_seconds() - cpu, device_bytes() - device, now};
  }
};

struct Measured {
  Sum store;
  Sum floor;
  Taken taken;
  Stats stats;
};

/// Keeps where the entries are that were committed; ends the bench when a commit fails. Told on the
/// committer's thread.
class DurableEntries final : public CommitObserver {
 public:
  /// Without `keep` it only counts.
  explicit DurableEntries(bool keep) : keep_(keep) {}
  void on_sequenced(std::span<Done>) override {}
  void on_durable(std::span<Done> group) override {
    {
      const std::lock_guard lock(mutex_);
      for (const Done& done : keep_ ? group : std::span<Done>())
        for (const Appended& appended : done.appended) entries_.push_back(appended);
      batches_ += group.size();
    }
    changed_.notify_one();
  }
  void on_failed(std::span<Done>, const Error& why) override {
    std::fprintf(stderr, "commit failed: %s\n", why.detail.c_str());
    std::exit(1);
  }

  /// Until so many batches are durable in all.
  void wait_for(std::size_t batches) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return batches_ >= batches; });
  }
  /// The oldest entries, at most `max`, all but the newest `keep`.
  std::vector<Appended> take(std::size_t max, std::size_t keep) {
    const std::lock_guard lock(mutex_);
    const std::size_t count = std::min(max, entries_.size() - std::min(keep, entries_.size()));
    const auto end = entries_.begin() + static_cast<std::ptrdiff_t>(count);
    std::vector<Appended> taken(entries_.begin(), end);
    entries_.erase(entries_.begin(), end);
    return taken;
  }

 private:
  const bool keep_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Appended> entries_;
  std::size_t batches_ = 0;
};

Measured measure(const std::string& folder, std::size_t group, double seconds, bool read) {
  Options options;
  options.path = folder + "/store";
  SystemClock clock;
  OpenReport report;
  auto opened = Store::open(options, clock, report);
  if (!opened) {
    std::fprintf(stderr, "%s\n", opened.error().detail.c_str());
    std::exit(1);
  }
  Store& store = **opened;
  DurableEntries entries(read);
  const std::string value(kPayload, 'v');
  std::uint64_t queue = 0;
  BatchMemory memory;
  const auto make_batch = [&](const Appended* erased) {
    WriteBatch batch = memory.batch();
    batch.append({1 + ++queue * 7919 % kQueues}, as_bytes(value));
    if (erased != nullptr) batch.erase_entry(erased->stream, erased->seq);
    return batch;
  };
  const Appended any{};
  options.max_group_bytes = group * make_batch(read ? &any : nullptr).bytes();
  Committer committer(options, store.journal(), entries, clock, &store.sink());
  store.start();
  committer.start();
  std::vector<Submission> batches;
  std::size_t submitted = 0;
  const auto commit_group = [&](std::size_t size) {
    const std::vector<Appended> erased = entries.take(size, kReadBehind);
    for (std::size_t i = 0; i < size; ++i)
      batches.push_back({make_batch(read && i < erased.size() ? &erased[i] : nullptr), nullptr});
    committer.submit_all(batches, &memory);
    submitted += size;
    if (submitted > 2 * size) entries.wait_for(submitted - 2 * size);
  };
  // The file has its size and every stream its reservation.
  while (store.stats().checkpoints < 1) commit_group(4096);
  entries.wait_for(submitted);
  if (!store.checkpoint()) std::exit(1);
  Measured result;
  {
    Floor floor(folder, group);
    result.taken = Taken::begin(store);
    for (const auto begin = Clock::now(); seconds_since(begin) < seconds;) {
      result.floor.measure(
          0.25, group, [&] { floor.commit(); }, [] {});
      result.store.measure(
          0.5, group, [&] { commit_group(group); }, [&] { entries.wait_for(submitted); });
    }
  }
  committer.stop();
  store.stop();  // what the last checkpoint still owes counts
  result.taken = result.taken.until_now(store);
  result.stats = store.stats();
  opened->reset();
  std::filesystem::remove_all(options.path);
  return result;
}

void print(std::size_t group, bool read, const Measured& result) {
  const auto count = static_cast<double>(result.store.messages);
  const auto payload = static_cast<double>(result.store.payload());
  const double rate = result.store.rate();
  const double floor = result.floor.rate();
  const Taken& taken = result.taken;
  std::printf("%6zu %5s %10.0f %10.0f %6.2f %8.2f %8.2f %8.2f %6.2f %8.2f %4lu %lu MB, %lu ms\n", group,
              read ? "read" : "kept", rate, floor, rate / floor, (taken.cpu - result.floor.cpu) * 1e6 / count,
              result.floor.cpu * 1e6 / static_cast<double>(result.floor.messages),
              static_cast<double>(taken.wear.written()) / payload,
              static_cast<double>(taken.wear.tables) / payload,
              (static_cast<double>(taken.device) - static_cast<double>(result.floor.payload())) / payload,
              static_cast<unsigned long>(result.stats.checkpoints),
              static_cast<unsigned long>(result.stats.tables_file_bytes >> 20),
              static_cast<unsigned long>(result.stats.last_checkpoint_micros / 1000));
  std::fflush(stdout);
}

/// What one append costs the committer's thread in the memtable, without any disk.
void print_sink_cost(const std::string& folder) {
  Options options;
  options.path = folder + "/store";
  SystemClock clock;
  OpenReport report;
  auto store = Store::open(options, clock, report);
  if (!store) std::exit(1);
  const std::string value(kPayload, 'v');
  std::vector<Submission> group;
  std::uint64_t queue = 0;
  std::uint64_t seq = 0;
  double spent = 0;
  constexpr std::size_t kGroup = 1024;
  constexpr std::uint64_t kGroups = 1000;
  for (std::uint64_t number = 1; number <= kGroups; ++number) {
    group.clear();
    for (std::size_t i = 0; i < kGroup; ++i) {
      group.emplace_back();
      group.back().batch.append({1 + ++queue * 7919 % kQueues}, as_bytes(value));
      group.back().batch.give_sequences([&](std::size_t, StreamId) { return Seq{1 + seq++ / kQueues}; });
    }
    const double begin = thread_cpu_seconds();
    (*store)->sink().applied({number}, {}, group);
    spent += thread_cpu_seconds() - begin;
  }
  std::printf("memtable: %.0f ns per append\n", spent * 1e9 / (kGroup * kGroups));
  std::fflush(stdout);
}

}  // namespace
}  // namespace hermod::store

int main(int argc, char** argv) {
  using namespace hermod::store;
  std::string folder = "/tmp";
  double seconds = 10;
  std::size_t only = 0;
  std::string kind;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    if (name == "--folder") folder = argv[i + 1];
    if (name == "--disk") disk_statistics = std::string("/sys/block/") + argv[i + 1] + "/stat";
    if (name == "--kind") kind = argv[i + 1];
    if (name == "--group") only = std::strtoul(argv[i + 1], nullptr, 10);
    if (name == "--seconds") seconds = std::atof(argv[i + 1]);
  }
  folder += "/hermod-store-bench";
  std::filesystem::create_directories(folder);
  print_sink_cost(folder);
  std::filesystem::remove_all(folder + "/store");
  std::printf("%6s %5s %10s %10s %6s %8s %8s %8s %6s %8s %9s\n", "group", "kind", "store/s", "floor/s",
              "ratio", "cpu us", "floor", "bytes/B", "tables", "system", "checkp.");
  for (const std::size_t group : {16U, 128U, 1024U}) {
    if (only != 0 && group != only) continue;
    for (const bool read : {false, true}) {
      if (!kind.empty() && kind != (read ? "read" : "kept")) continue;
      print(group, read, measure(folder, group, seconds, read));
    }
  }
  std::filesystem::remove_all(folder);
}
