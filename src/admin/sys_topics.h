#pragma once
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "admin/load_average.h"
#include "broker/view.h"

namespace hermod::admin {

/// A topic below `$SYS/broker/` and its value.
struct SysValue {
  std::string topic;
  std::string value;
  friend bool operator==(const SysValue&, const SysValue&) = default;
};

/// The `$SYS` tree with mosquitto's names: what changed since the last time. Touched by one thread.
class SysTopics {
 public:
  explicit SysTopics(MonotonicTime started);

  /// The values that are new or differ from the last call. `heap_in_use`: bytes, see heap.h.
  std::vector<SysValue> update(const broker::View& view, std::uint64_t heap_in_use);

 private:
  void add(std::string topic, std::string value);
  void add(std::string topic, std::uint64_t value) { add(std::move(topic), std::to_string(value)); }
  void add_clients(const broker::View& view);
  void add_messages(const broker::View& view);
  void add_wear(const broker::View& view);
  void add_store(const broker::View& view);
  void add_tls(const broker::View& view);
  void add_queues(const broker::View& view);
  void add_delayed(const broker::View& view);
  void add_events(const broker::View& view);
  void add_transactions(const broker::View& view);
  void add_listeners(const broker::View& view);
  /// A topic below `above` for each of the counters.
  void add_each(const broker::View& view, const std::string& above,
                std::span<const std::pair<const char*, Counter>> below);
  void add_heap(std::uint64_t in_use);
  void add_loads(const broker::View& view, std::chrono::duration<double> elapsed);

  struct Load {
    const char* name;
    std::span<const Counter> counted;
    LoadAverage average;
  };

  const MonotonicTime started_;
  MonotonicTime last_update_;
  std::uint64_t most_clients_ = 0;
  std::uint64_t largest_heap_ = 0;
  std::uint64_t commits_ = 0;  // as they were at the last update
  std::uint64_t commit_micros_ = 0;
  std::vector<Load> loads_;
  std::vector<SysValue> known_;  // sorted by topic
  std::vector<SysValue> changed_;
};

}  // namespace hermod::admin
