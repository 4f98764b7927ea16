#pragma once
#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "histogram.h"
#include "key_order.h"

namespace hermod::bench {

/// What has reached subscribers of one publisher; the publisher's window hangs on it. Written by the
/// subscribers' threads, read by the publisher's.
struct alignas(64) Gate {
  std::atomic<std::uint64_t> receipts{0};
  std::uint32_t worker = 0;  ///< of the publisher; set before the threads start
};

enum class Phase { Connect, Publish, Drain, End };

/// What the controller and all workers share. Lives as long as the run.
struct Exchange {
  explicit Exchange(std::size_t publishers, std::uint32_t keys = 0)
      : gates(publishers), key_order(publishers, keys) {}
  std::vector<Gate> gates;
  KeyOrder key_order;
  std::atomic<Phase> phase{Phase::Connect};
};

/// Numbers of one worker that the controller reads while it runs.
struct alignas(64) LiveCounts {
  std::atomic<std::uint64_t> ready{0};      ///< clients that are connected and subscribed
  std::atomic<std::uint64_t> connected{0};  ///< CONNACKs with success since the start
  std::atomic<std::uint64_t> sent{0};
  std::atomic<std::uint64_t> received{0};  ///< first copies
  std::atomic<std::uint64_t> finished_publishers{0};
  std::atomic<bool> failed{false};

  /// For the one writer of a number: cheaper than a locked addition.
  static void add(std::atomic<std::uint64_t>& number, std::uint64_t n) {
    number.store(number.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
};

/// What one worker measures. Written by its thread alone, except `live`; read by others after the run.
struct Board {
  Board(Exchange& shared, std::uint32_t index) : exchange(shared), worker(index) {}

  Exchange& exchange;
  std::uint32_t worker;
  LiveCounts live;
  Histogram latency;         ///< from PUBLISH sent to PUBLISH received
  Histogram slow_latency;    ///< the same, of what is acknowledged late; not in `latency`
  Histogram ack_latency;     ///< from PUBLISH sent to PUBACK or PUBCOMP
  std::uint64_t now_ns = 0;  ///< taken at each read
  std::uint64_t last_receipt_ns = 0;
  std::vector<std::uint32_t> opened_gates;  ///< publishers of this worker with new receipts
  std::vector<bool> wakes;                  ///< other workers with new receipts
  std::uint64_t reconnects = 0;
  std::uint64_t broker_closes = 0;  ///< connections that ended without the generator's doing
  std::uint64_t refused_connects = 0;
  std::uint64_t sessions_lost = 0;  ///< CONNACK without Session Present where one was expected
  std::uint64_t ack_timeouts = 0;
  std::uint64_t stalls = 0;
  std::string first_failure;

  void fail(const std::string& what) {
    if (first_failure.empty()) first_failure = what;
    live.failed.store(true, std::memory_order_relaxed);
  }
  void receipt(std::uint32_t publisher) {
    LiveCounts::add(live.received, 1);
    last_receipt_ns = now_ns;
    if (publisher >= exchange.gates.size()) return;
    Gate& gate = exchange.gates[publisher];
    gate.receipts.fetch_add(1, std::memory_order_relaxed);
    if (gate.worker != worker)
      wakes[gate.worker] = true;
    else if (opened_gates.empty() || opened_gates.back() != publisher)
      opened_gates.push_back(publisher);
  }
};

}  // namespace hermod::bench
