#include "admin/sys_topics.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

namespace hermod::admin {
namespace {

std::uint64_t sum(const broker::View& view, std::initializer_list<Counter> counters) {
  std::uint64_t total = 0;
  for (const Counter counter : counters) total += view.total(counter);
  return total;
}

}  // namespace

std::vector<SysValue> SysTopics::update(const broker::View& view) {
  const MonotonicTime now = view.now();
  const std::chrono::duration<double> elapsed = now - last_update_;
  last_update_ = now;
  changed_.clear();
  add("version", std::string("hermod version ") + HERMOD_VERSION);
  add("uptime",
      std::to_string(std::chrono::duration_cast<std::chrono::seconds>(now - started_).count()) + " seconds");
  add_clients(view);
  add_messages(view);
  if (elapsed.count() > 0) add_loads(view, elapsed);
  return std::exchange(changed_, {});
}

void SysTopics::add_clients(const broker::View& view) {
  const std::uint64_t connected = view.connections();
  const std::uint64_t total = std::max<std::uint64_t>(view.sessions(), connected);
  most_clients_ = std::max(most_clients_, connected);
  add("clients/connected", connected);
  add("clients/disconnected", total - connected);
  add("clients/total", total);
  add("clients/maximum", most_clients_);
  add("clients/expired", view.total(Counter::SessionsExpired));
  add("subscriptions/count", view.subscriptions());
  add("shared_subscriptions/count", view.shared_subscriptions());
}

void SysTopics::add_messages(const broker::View& view) {
  add("messages/received", view.total(Counter::PacketsReceived));
  add("messages/sent", view.total(Counter::PacketsSent));
  add("bytes/received", view.total(Counter::BytesReceived));
  add("bytes/sent", view.total(Counter::BytesSent));
  add("publish/messages/received",
      sum(view, {Counter::PublishReceivedQoS0, Counter::PublishReceivedQoS1, Counter::PublishReceivedQoS2}));
  add("publish/messages/sent",
      sum(view, {Counter::PublishSentQoS0, Counter::PublishSentQoS1, Counter::PublishSentQoS2}));
  add("publish/messages/dropped",
      sum(view, {Counter::DroppedExpired, Counter::DroppedQueueFull, Counter::DroppedSlowReader,
                 Counter::DroppedTooLarge, Counter::DroppedSessionEnded, Counter::DroppedCommitFailed,
                 Counter::DroppedRefusedByReceiver}));
  add("retained messages/count", view.retained_messages());
}

void SysTopics::add_loads(const broker::View& view, std::chrono::duration<double> elapsed) {
  for (Load& load : loads_) {
    load.average.update(view.total(load.first), elapsed);
    for (std::size_t i = 0; i < LoadAverage::kMinutes.size(); ++i) {
      std::array<char, 32> text{};
      std::snprintf(text.data(), text.size(), "%.2f", load.average.average(i));
      add(std::string("load/") + load.name + "/" + std::to_string(LoadAverage::kMinutes[i]) + "min",
          text.data());
    }
  }
}

void SysTopics::add(std::string topic, std::string value) {
  topic.insert(0, "$SYS/broker/");
  auto at = std::lower_bound(known_.begin(), known_.end(), topic,
                             [](const SysValue& known, const std::string& t) { return known.topic < t; });
  if (at != known_.end() && at->topic == topic) {
    if (at->value == value) return;
    at->value = value;
  } else {
    known_.insert(at, {topic, value});
  }
  changed_.push_back({std::move(topic), std::move(value)});
}

}  // namespace hermod::admin
