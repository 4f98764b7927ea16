#pragma once
#include <cstdint>
#include <string>

#include "base/result.h"
#include "scenario.h"

namespace hermod::bench {

/// TLS handshakes one after the other, each on a connection of its own, and what they cost the broker.
struct HandshakeScenario {
  Scenario base;  ///< broker and its process, threads, TLS
  std::uint32_t handshakes = 2000;
  bool resumes = false;  ///< each with a ticket of the one before it
};

struct HandshakeOutcome {
  HandshakeScenario scenario;
  std::string failure;
  std::uint64_t done = 0;
  std::uint64_t resumed = 0;
  std::string version;  ///< "TLSv1.3"
  std::string cipher;
  double seconds = 0;
  std::uint64_t broker_cpu_ns = 0;
  std::uint64_t own_cpu_ns = 0;

  double broker_us() const {
    return done > 0 ? static_cast<double>(broker_cpu_ns) / 1e3 / static_cast<double>(done) : 0;
  }
};

/// Blocks until all are done. Each waits for the broker to end the connection: then it has finished its part
/// too. Invalid when the address is not one with mqtts://, or the broker or its process cannot be
/// used.
Result<HandshakeOutcome> run_handshakes(const HandshakeScenario& scenario);

}  // namespace hermod::bench
