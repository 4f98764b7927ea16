#pragma once
#include <cstdint>
#include <string>

#include "base/result.h"
#include "scenario.h"

namespace hermod::bench {

/// Opens many connections, holds them in silence, and looks at what they cost the broker.
struct ConnectionScenario {
  Scenario base;  ///< broker, version, threads, client prefix, credentials
  std::uint32_t connections = 1000;
  bool subscribes = false;  ///< each to a filter of its own
  double rate = 0;          ///< a second; 0: as fast as it goes
  double hold_seconds = 2;
  std::uint16_t keep_alive_seconds = 0;  ///< no pings are sent
};

struct ConnectionOutcome {
  ConnectionScenario scenario;
  std::string failure;
  std::uint64_t connected = 0;
  std::uint64_t connected_after_hold = 0;
  double connect_seconds = 0;
  std::uint64_t connect_cpu_ns = 0;  ///< of the broker, until the last one was ready
  std::uint64_t own_connect_cpu_ns = 0;
  std::uint64_t hold_cpu_ns = 0;  ///< of the broker, while nothing happened
  std::uint64_t hold_switches = 0;
  std::uint64_t rss_before = 0, rss_after = 0, rss_peak = 0;
  std::uint64_t pss_before = 0, pss_after = 0;

  double per_connection(std::uint64_t before, std::uint64_t after) const {
    return connected > 0
               ? (static_cast<double>(after) - static_cast<double>(before)) / static_cast<double>(connected)
               : 0;
  }
};

/// Blocks until the hold is over and all connections are closed. Invalid when the broker's address or process
/// cannot be used.
Result<ConnectionOutcome> run_connections(const ConnectionScenario& scenario);

}  // namespace hermod::bench
