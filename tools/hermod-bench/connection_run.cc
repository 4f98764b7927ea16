#include "connection_run.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "process_stat.h"
#include "worker.h"

namespace hermod::bench {
namespace {

/// Far fewer than the 28,232 local ports that Linux gives out for one source and destination: when half of
/// them are taken, connect() looks for a free one long enough to be seen in the figures.
constexpr std::uint32_t kConnectionsPerSource = 10'000;

using Workers = std::vector<std::unique_ptr<Worker>>;

std::uint64_t ready_in(const Workers& workers) {
  std::uint64_t sum = 0;
  for (const auto& worker : workers) sum += worker->board().live.ready.load(std::memory_order_relaxed);
  return sum;
}

bool has_failed(const Workers& workers) {
  return std::any_of(workers.begin(), workers.end(), [](const auto& worker) {
    return worker->board().live.failed.load(std::memory_order_relaxed);
  });
}

void add_clients(Workers& workers, const ConnectionScenario& scenario) {
  for (std::uint32_t i = 0; i < scenario.connections; ++i) {
    const std::string filter = scenario.subscribes ? scenario.base.topic + "/idle/" + std::to_string(i) : "";
    workers[i % workers.size()]->add_idle(i, filter, scenario.keep_alive_seconds);
  }
}

/// On 127.0.0.0/8 every address is ours to connect from.
bool is_loopback(const Address& address) {
  if (address.storage.ss_family != AF_INET) return false;
  const auto& internet = reinterpret_cast<const sockaddr_in&>(address.storage);
  return ntohl(internet.sin_addr.s_addr) >> 24 == 127;
}

void sleep_seconds(double seconds) {
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

}  // namespace

Result<ConnectionOutcome> run_connections(const ConnectionScenario& scenario) {
  const auto address = resolve(scenario.base.broker, scenario.base.tls);
  if (!address) return tl::unexpected(address.error());
  const Status limit = raise_descriptor_limit(scenario.connections + 100ULL);
  if (!limit) return tl::unexpected(limit.error());
  const int pid = scenario.base.broker_pid;
  ProcessSample begin;
  if (pid > 0) {
    const auto sample = sample_process(pid);
    if (!sample) return tl::unexpected(sample.error());
    begin = *sample;
  }

  ConnectionOutcome outcome;
  outcome.scenario = scenario;
  outcome.rss_before = begin.rss_bytes;
  outcome.pss_before = pid > 0 ? pss_bytes(pid) : 0;
  Exchange exchange(0);
  Workers workers;
  const std::uint32_t count = std::max(1U, scenario.base.threads);
  Worker::Opening opening;
  opening.rate = scenario.rate;
  if (scenario.connections > kConnectionsPerSource && is_loopback(*address))
    opening.per_source = kConnectionsPerSource;
  for (std::uint32_t i = 0; i < count; ++i)
    workers.push_back(std::make_unique<Worker>(scenario.base, *address, exchange, i, count, opening));
  add_clients(workers, scenario);

  const std::uint64_t own_begin = own_cpu_ns();
  const std::uint64_t begin_ns = steady_ns();
  std::vector<std::jthread> threads;
  for (auto& worker : workers) threads.emplace_back([&worker] { worker->run(); });
  for (unsigned turn = 0; !has_failed(workers) && ready_in(workers) < scenario.connections; ++turn) {
    sleep_seconds(0.002);
    if (turn % 50 == 0 && pid > 0) outcome.rss_peak = std::max(outcome.rss_peak, rss_bytes(pid));
  }
  outcome.connect_seconds = static_cast<double>(steady_ns() - begin_ns) / 1e9;
  outcome.own_connect_cpu_ns = own_cpu_ns() - own_begin;
  outcome.connected = ready_in(workers);
  const auto connected = pid > 0 ? sample_process(pid) : Result<ProcessSample>(ProcessSample{});
  if (connected) outcome.connect_cpu_ns = connected->cpu_ns - begin.cpu_ns;

  if (!has_failed(workers)) sleep_seconds(scenario.hold_seconds);
  outcome.connected_after_hold = ready_in(workers);
  const auto held = pid > 0 ? sample_process(pid) : Result<ProcessSample>(ProcessSample{});
  if (connected && held) {
    outcome.hold_cpu_ns = held->cpu_ns - connected->cpu_ns;
    outcome.hold_switches = held->voluntary_switches - connected->voluntary_switches;
    outcome.rss_after = held->rss_bytes;
    outcome.rss_peak = std::max(outcome.rss_peak, held->rss_bytes);
    outcome.pss_after = pid > 0 ? pss_bytes(pid) : 0;
  }
  exchange.phase.store(Phase::End, std::memory_order_release);
  for (auto& worker : workers) worker->wake();
  threads.clear();
  for (const auto& worker : workers)
    if (outcome.failure.empty()) outcome.failure = worker->board().first_failure;
  return outcome;
}

}  // namespace hermod::bench
