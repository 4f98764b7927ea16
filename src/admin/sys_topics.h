#pragma once
#include <chrono>
#include <string>
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
  explicit SysTopics(MonotonicTime started) : started_(started), last_update_(started) {}

  /// The values that are new or differ from the last call.
  std::vector<SysValue> update(const broker::View& view);

 private:
  void add(std::string topic, std::string value);
  void add(std::string topic, std::uint64_t value) { add(std::move(topic), std::to_string(value)); }
  void add_clients(const broker::View& view);
  void add_messages(const broker::View& view);
  void add_loads(const broker::View& view, std::chrono::duration<double> elapsed);

  struct Load {
    const char* name;
    Counter first;
    LoadAverage average;
  };

  const MonotonicTime started_;
  MonotonicTime last_update_;
  std::uint64_t most_clients_ = 0;
  std::vector<Load> loads_{{"connections", Counter::ConnectionsAccepted, {}},
                           {"messages/received", Counter::PacketsReceived, {}},
                           {"messages/sent", Counter::PacketsSent, {}},
                           {"bytes/received", Counter::BytesReceived, {}},
                           {"bytes/sent", Counter::BytesSent, {}}};
  std::vector<SysValue> known_;  // sorted by topic
  std::vector<SysValue> changed_;
};

}  // namespace hermod::admin
