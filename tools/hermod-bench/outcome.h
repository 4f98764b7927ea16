#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "histogram.h"
#include "scenario.h"

namespace hermod::bench {

/// What a run showed. Plain numbers; made by run_scenario().
struct Outcome {
  Scenario scenario;
  std::string failure;  ///< why the run ended early; empty when it did not

  // Over the measured interval.
  double measured_seconds = 0;
  std::uint64_t measured_sent = 0;
  std::uint64_t measured_received = 0;
  std::uint64_t broker_cpu_ns = 0;
  std::uint64_t own_cpu_ns = 0;
  std::uint64_t broker_voluntary_switches = 0;
  std::uint64_t broker_forced_switches = 0;

  // Over the whole run.
  std::uint64_t rss_before = 0;
  std::uint64_t rss_after = 0;
  std::uint64_t rss_peak = 0;
  std::uint64_t sent = 0;
  std::uint64_t expected = 0;  ///< deliveries
  std::uint64_t received = 0;  ///< first copies
  std::uint64_t lost = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t late = 0;  ///< first copies that came after a later message of the same publisher
  std::uint64_t late_after_refusal = 0;
  std::uint64_t late_of_key = 0;        ///< came after a later message of their key
  std::uint64_t missing_offsets = 0;    ///< of a stream, at all readers
  std::uint64_t offsets_again = 0;      ///< sent once more to a reader that came back
  std::uint64_t offsets_backwards = 0;  ///< that did not rise
  std::uint64_t offsets_changed = 0;    ///< that had another message before
  std::uint64_t unnumbered = 0;         ///< without offset, or with another seq than was sent
  std::uint64_t damaged = 0;
  std::uint64_t foreign = 0;
  std::uint64_t resent = 0;
  std::uint64_t resent_pubrel = 0;
  std::uint64_t refused = 0;
  std::uint64_t stray_acks = 0;
  std::uint64_t held_again = 0;
  std::uint64_t held_not_dup = 0;
  std::uint64_t unfinished_publishers = 0;
  std::uint64_t reconnects = 0;
  std::uint64_t broker_closes = 0;
  std::uint64_t refused_connects = 0;
  std::uint64_t sessions_lost = 0;
  std::uint64_t ack_timeouts = 0;
  std::uint64_t stalls = 0;
  Histogram latency;
  Histogram slow_latency;
  Histogram ack_latency;

  /// Deliveries, or sent messages where nobody subscribes.
  std::uint64_t measured_messages() const {
    return scenario.has_subscribers() ? measured_received : measured_sent;
  }
  double messages_per_second() const {
    return measured_seconds > 0 ? static_cast<double>(measured_messages()) / measured_seconds : 0;
  }
  double broker_us_per_message() const { return us_per_message(broker_cpu_ns); }
  double own_us_per_message() const { return us_per_message(own_cpu_ns); }

  /// Every promise of MQTT that was broken, as a sentence; empty when all held.
  std::vector<std::string> violations() const;

 private:
  double us_per_message(std::uint64_t cpu_ns) const {
    return measured_messages() > 0
               ? static_cast<double>(cpu_ns) / 1e3 / static_cast<double>(measured_messages())
               : 0;
  }
};

}  // namespace hermod::bench
