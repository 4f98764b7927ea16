// What one durable batch costs the committer's thread, without the disk: sequencing, encoding, checksum,
// callbacks. The journal takes the pieces and keeps nothing.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "base/clock.h"
#include "store/committer.h"
#include "store/memory_journal.h"

namespace hermod::store {
namespace {

class SilentObserver final : public CommitObserver {
 public:
  void on_sequenced(std::span<Done> group) override { benchmark::DoNotOptimize(group.data()); }
  void on_durable(std::span<Done> group) override { benchmark::DoNotOptimize(group.data()); }
  void on_failed(std::span<Done>, const Error&) override {}
};

struct SmallTicket final : Ticket {
  std::uint64_t connection = 0;
  std::uint16_t packet_id = 0;
};

/// One QoS 1 message of `size` bytes for one durable queue.
WriteBatch one_entry(std::uint64_t queue, const std::string& value) {
  WriteBatch batch;
  batch.append({queue}, as_bytes(value));
  return batch;
}

/// Groups of range(0) batches with entries of range(1) bytes over 1,000 queues; range(1) of zero: barriers.
void commit_group(benchmark::State& state) {
  const auto group = static_cast<std::size_t>(state.range(0));
  const std::string value(static_cast<std::size_t>(state.range(1)), 'v');
  MemoryJournal journal;
  SilentObserver observer;
  SystemClock clock;
  Committer committer({}, journal, observer, clock);
  std::vector<Submission> batches;
  std::uint64_t queue = 0;
  for (auto _ : state) {
    for (std::size_t i = 0; i < group; ++i) {
      batches.push_back(
          {value.empty() ? WriteBatch{} : one_entry(++queue % 1000, value), std::make_unique<SmallTicket>()});
    }
    committer.submit_all(batches);
    committer.run_once();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(group) * state.iterations());
}
BENCHMARK(commit_group)->ArgsProduct({{1, 10, 100, 1000}, {0, 64, 256, 1024}});

/// One message to range(0) queues in one batch.
void commit_fan_out(benchmark::State& state) {
  const auto queues = static_cast<std::uint64_t>(state.range(0));
  const std::string reference(24, 'r');
  MemoryJournal journal;
  SilentObserver observer;
  SystemClock clock;
  Committer committer({}, journal, observer, clock);
  for (auto _ : state) {
    WriteBatch batch;
    batch.put_message({1}, as_bytes(std::string(256, 'm')));
    for (std::uint64_t queue = 1; queue <= queues; ++queue) batch.append({queue}, as_bytes(reference));
    committer.submit(std::move(batch), std::make_unique<SmallTicket>());
    committer.run_once();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(queues) * state.iterations());
}
BENCHMARK(commit_fan_out)->Arg(10)->Arg(1000);

}  // namespace
}  // namespace hermod::store
