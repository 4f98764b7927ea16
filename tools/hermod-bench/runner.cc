#include "runner.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>

#include "process_stat.h"
#include "session_cleanup.h"
#include "tally.h"
#include "worker.h"

namespace hermod::bench {
namespace {

using std::chrono::milliseconds;

/// Everything a run owns; the controller's side of it.
class Run {
 public:
  Run(const Scenario& scenario, const Address& address);
  Result<Outcome> execute();

 private:
  struct Snapshot {
    std::uint64_t at_ns = 0;
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
    std::uint64_t own_cpu_ns = 0;
    ProcessSample broker;
  };

  std::uint64_t sum(std::atomic<std::uint64_t> LiveCounts::*number) const;
  bool has_failed() const;
  void enter(Phase phase);
  Snapshot snapshot();
  void watch_memory();
  bool wait_until_ready();
  void sleep_watching(double seconds);
  void wait_until_delivered();
  bool is_all_delivered() const;
  void measure();
  std::vector<std::string> client_ids() const;

  const Scenario& scenario_;
  Address address_;
  Exchange exchange_;
  std::vector<std::unique_ptr<Worker>> workers_;
  Outcome outcome_;
  Snapshot begin_;
  Snapshot end_;
};

Run::Run(const Scenario& scenario, const Address& address)
    : scenario_(scenario),
      address_(address),
      exchange_(scenario.has_publishers() ? scenario.publishers : 0, scenario.keys) {
  outcome_.scenario = scenario;
  const std::uint32_t count = std::max(1U, scenario.threads);
  std::vector<Worker*> peers;
  for (std::uint32_t i = 0; i < count; ++i) {
    workers_.push_back(std::make_unique<Worker>(scenario_, address_, exchange_, i, count, Worker::Opening{}));
    peers.push_back(workers_.back().get());
  }
  for (auto& worker : workers_) worker->set_peers(peers);
  for (std::uint32_t i = 0; scenario.has_subscribers() && i < scenario.subscribers; ++i)
    workers_[i % count]->add_subscriber(i);
  for (std::uint32_t i = 0; scenario.has_publishers() && i < scenario.publishers; ++i)
    workers_[i % count]->add_publisher(i);
}

std::uint64_t Run::sum(std::atomic<std::uint64_t> LiveCounts::*number) const {
  std::uint64_t total = 0;
  for (const auto& worker : workers_) total += (worker->board().live.*number).load(std::memory_order_relaxed);
  return total;
}

bool Run::has_failed() const {
  return std::any_of(workers_.begin(), workers_.end(), [](const auto& worker) {
    return worker->board().live.failed.load(std::memory_order_relaxed);
  });
}

void Run::enter(Phase phase) {
  exchange_.phase.store(phase, std::memory_order_release);
  for (auto& worker : workers_) worker->wake();
}

Run::Snapshot Run::snapshot() {
  Snapshot now;
  now.at_ns = steady_ns();
  now.sent = sum(&LiveCounts::sent);
  now.received = sum(&LiveCounts::received);
  now.own_cpu_ns = own_cpu_ns();
  if (scenario_.broker_pid > 0) {
    const auto sample = sample_process(scenario_.broker_pid);
    if (sample) now.broker = *sample;
  }
  return now;
}

void Run::watch_memory() {
  if (scenario_.broker_pid > 0)
    outcome_.rss_peak = std::max(outcome_.rss_peak, rss_bytes(scenario_.broker_pid));
}

bool Run::wait_until_ready() {
  const std::uint64_t wanted = (scenario_.has_subscribers() ? scenario_.subscribers : 0) +
                               (scenario_.has_publishers() ? scenario_.publishers : 0);
  while (!has_failed() && sum(&LiveCounts::ready) < wanted) std::this_thread::sleep_for(milliseconds(5));
  return !has_failed();
}

void Run::sleep_watching(double seconds) {
  const std::uint64_t end = steady_ns() + static_cast<std::uint64_t>(seconds * 1e9);
  while (!has_failed() && steady_ns() < end) {
    const auto left = std::chrono::nanoseconds(end - std::min(end, steady_ns()));
    std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(left, milliseconds(50)));
    watch_memory();
  }
}

bool Run::is_all_delivered() const {
  if (!scenario_.has_publishers()) return false;
  if (sum(&LiveCounts::finished_publishers) < scenario_.publishers) return false;
  return sum(&LiveCounts::received) >= sum(&LiveCounts::sent) * scenario_.receivers_per_message();
}

void Run::wait_until_delivered() {
  std::uint64_t progress = 0;
  std::uint64_t progress_ns = steady_ns();
  const auto patience = static_cast<std::uint64_t>(scenario_.drain_seconds * 1e9);
  for (unsigned turn = 0; !has_failed() && !is_all_delivered(); ++turn) {
    std::this_thread::sleep_for(milliseconds(5));
    if (turn % 10 == 0) watch_memory();
    const bool is_finished = sum(&LiveCounts::finished_publishers) == scenario_.publishers;
    // The subscribers of what is still on its way must be there to get it: nobody is disturbed any more.
    if (is_finished && exchange_.phase.load(std::memory_order_relaxed) == Phase::Publish) enter(Phase::Drain);
    const std::uint64_t now =
        sum(&LiveCounts::received) + sum(&LiveCounts::sent) + sum(&LiveCounts::finished_publishers);
    if (now != progress) {
      progress = now;
      progress_ns = steady_ns();
    }
    if (steady_ns() > progress_ns + patience) return;
  }
}

void Run::measure() {
  std::this_thread::sleep_for(milliseconds(100));
  begin_ = snapshot();
  enter(Phase::Publish);
  if (scenario_.messages > 0) {
    wait_until_delivered();
    end_ = snapshot();
    return;
  }
  sleep_watching(scenario_.warmup_seconds);
  begin_ = snapshot();
  sleep_watching(scenario_.seconds);
  end_ = snapshot();
  enter(Phase::Drain);
  if (scenario_.has_publishers()) wait_until_delivered();
}

std::vector<std::string> Run::client_ids() const {
  std::vector<std::string> all;
  for (const auto& worker : workers_) {
    const auto ids = worker->client_ids();
    all.insert(all.end(), ids.begin(), ids.end());
  }
  return all;
}

Result<Outcome> Run::execute() {
  const bool cleans_up = scenario_.is_persistent() && scenario_.version == Version::V311;
  if (cleans_up) end_sessions(address_, scenario_, client_ids());
  if (scenario_.broker_pid > 0) {
    const auto sample = sample_process(scenario_.broker_pid);
    if (!sample) return tl::unexpected(sample.error());
    outcome_.rss_before = sample->rss_bytes;
  }
  {
    std::vector<std::jthread> threads;
    for (auto& worker : workers_) threads.emplace_back([&worker] { worker->run(); });
    if (wait_until_ready()) measure();
    watch_memory();
    if (scenario_.broker_pid > 0) outcome_.rss_after = rss_bytes(scenario_.broker_pid);
    enter(Phase::End);
  }
  if (cleans_up) end_sessions(address_, scenario_, client_ids());

  std::uint64_t last_receipt_ns = 0;
  for (const auto& worker : workers_) {
    last_receipt_ns = std::max(last_receipt_ns, worker->board().last_receipt_ns);
    if (outcome_.failure.empty()) outcome_.failure = worker->board().first_failure;
  }
  // Without a time limit the run ends with its last message, not when the controller noticed.
  const bool by_messages = scenario_.messages > 0 && last_receipt_ns > begin_.at_ns;
  const std::uint64_t end_ns = by_messages ? last_receipt_ns : end_.at_ns;
  outcome_.measured_seconds = static_cast<double>(end_ns - begin_.at_ns) / 1e9;
  outcome_.measured_sent = end_.sent - begin_.sent;
  outcome_.measured_received = end_.received - begin_.received;
  outcome_.own_cpu_ns = end_.own_cpu_ns - begin_.own_cpu_ns;
  outcome_.broker_cpu_ns = end_.broker.cpu_ns - begin_.broker.cpu_ns;
  outcome_.broker_voluntary_switches = end_.broker.voluntary_switches - begin_.broker.voluntary_switches;
  outcome_.broker_forced_switches = end_.broker.forced_switches - begin_.broker.forced_switches;
  tally(workers_, outcome_);
  if (outcome_.failure.empty() && outcome_.measured_messages() == 0)
    outcome_.failure = "not one message was counted in the measured interval";
  return std::move(outcome_);
}

}  // namespace

Result<Outcome> run_scenario(const Scenario& scenario) {
  const auto address = resolve(scenario.broker, scenario.tls);
  if (!address) return tl::unexpected(address.error());
  if (address->tls != nullptr && scenario.is_persistent() && scenario.version == Version::V311)
    return failure(Errc::Unsupported, "sessions of 3.1.1 are cleaned up without TLS only; use --mqtt 5");
  const Status limit = raise_descriptor_limit(scenario.publishers + scenario.subscribers + 100ULL);
  if (!limit) return tl::unexpected(limit.error());
  return Run(scenario, *address).execute();
}

}  // namespace hermod::bench
