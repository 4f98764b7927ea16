#include "admin/sys_topics.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

namespace hermod::admin {
namespace {

constexpr std::array kConnects{Counter::ConnectReceived};
constexpr std::array kSockets{Counter::ConnectionsAccepted};
constexpr std::array kPacketsReceived{Counter::PacketsReceived};
constexpr std::array kPacketsSent{Counter::PacketsSent};
constexpr std::array kBytesReceived{Counter::BytesReceived};
constexpr std::array kBytesSent{Counter::BytesSent};
constexpr std::array kPublishReceived{Counter::PublishReceivedQoS0, Counter::PublishReceivedQoS1,
                                      Counter::PublishReceivedQoS2};
constexpr std::array kPublishSent{Counter::PublishSentQoS0, Counter::PublishSentQoS1,
                                  Counter::PublishSentQoS2};
constexpr std::array kPublishDropped{Counter::DroppedExpired,      Counter::DroppedQueueFull,
                                     Counter::DroppedSlowReader,   Counter::DroppedTooLarge,
                                     Counter::DroppedSessionEnded, Counter::DroppedCommitFailed,
                                     Counter::DroppedDamaged,      Counter::DroppedRefusedByReceiver};

/// By reason; what the limit refused is apart.
constexpr std::array<std::pair<const char*, Counter>, 8> kTlsFailures{{
    {"certificate", Counter::TlsFailedCertificate},
    {"closed", Counter::TlsFailedClosed},
    {"not_tls", Counter::TlsFailedNotTls},
    {"other", Counter::TlsFailedOther},
    {"protocol", Counter::TlsFailedProtocol},
    {"psk", Counter::TlsFailedPsk},
    {"timeout", Counter::TlsFailedTimeout},
    {"version", Counter::TlsFailedVersion},
}};

/// By reason.
constexpr std::array<std::pair<const char*, Counter>, 5> kProxyFailures{{
    {"address", Counter::ProxyFailedAddress},
    {"closed", Counter::ProxyFailedClosed},
    {"malformed", Counter::ProxyFailedMalformed},
    {"missing", Counter::ProxyFailedMissing},
    {"timeout", Counter::ProxyFailedTimeout},
}};

/// Deliveries that ended without being acknowledged, by what ended them.
constexpr std::array<std::pair<const char*, Counter>, 4> kQueueReturns{{
    {"connection_lost", Counter::QueueHandedBack},
    {"nack", Counter::QueueRetried},
    {"timeout", Counter::QueueAckTimeouts},
    {"too_large", Counter::QueueTooLarge},
}};

/// What became a dead letter, by reason.
constexpr std::array<std::pair<const char*, Counter>, 4> kQueueDeaths{{
    {"delivery_limit", Counter::QueueDeadDeliveryLimit},
    {"expired", Counter::QueueDeadExpired},
    {"maxlen", Counter::QueueDeadMaxLength},
    {"rejected", Counter::QueueDeadRejected},
}};

/// What left without a trace, by reason.
constexpr std::array<std::pair<const char*, Counter>, 8> kQueueDrops{{
    {"dead_letters", Counter::QueueDroppedDeadLetters},
    {"delivery_limit", Counter::QueueDroppedDeliveryLimit},
    {"expired", Counter::QueueDroppedExpired},
    {"maxlen", Counter::QueueDroppedMaxLength},
    {"never_stored", Counter::QueueDroppedNeverStored},
    {"purged", Counter::QueuePurged},
    {"rejected", Counter::QueueDroppedRejected},
    {"replaced", Counter::QueueReplaced},
}};

std::uint64_t sum(const broker::View& view, std::span<const Counter> counters) {
  std::uint64_t total = 0;
  for (const Counter counter : counters) total += view.total(counter);
  return total;
}

std::string two_digits(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.2f", value);
  return text.data();
}

}  // namespace

SysTopics::SysTopics(MonotonicTime started)
    : started_(started),
      last_update_(started),
      loads_{{"connections", kConnects, {}},
             {"sockets", kSockets, {}},
             {"messages/received", kPacketsReceived, {}},
             {"messages/sent", kPacketsSent, {}},
             {"bytes/received", kBytesReceived, {}},
             {"bytes/sent", kBytesSent, {}},
             {"publish/received", kPublishReceived, {}},
             {"publish/sent", kPublishSent, {}},
             {"publish/dropped", kPublishDropped, {}}} {}

std::vector<SysValue> SysTopics::update(const broker::View& view, std::uint64_t heap_in_use) {
  const MonotonicTime now = view.now();
  const std::chrono::duration<double> elapsed = now - last_update_;
  last_update_ = now;
  changed_.clear();
  add("version", std::string("hermod version ") + HERMOD_VERSION);
  add("uptime",
      std::to_string(std::chrono::duration_cast<std::chrono::seconds>(now - started_).count()) + " seconds");
  add_clients(view);
  add_messages(view);
  add_wear(view);
  add_store(view);
  add_tls(view);
  add_listeners(view);
  add_queues(view);
  add_delayed(view);
  add_events(view);
  add_transactions(view);
  add_heap(heap_in_use);
  if (elapsed.count() > 0) add_loads(view, elapsed);
  return std::exchange(changed_, {});
}

void SysTopics::add_clients(const broker::View& view) {
  const std::uint64_t connected = view.clients();
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
  add("publish/messages/received", sum(view, kPublishReceived));
  add("publish/messages/sent", sum(view, kPublishSent));
  add("publish/messages/dropped", sum(view, kPublishDropped));
  add("publish/bytes/received", view.total(Counter::PublishBytesReceived));
  add("publish/bytes/sent", view.total(Counter::PublishBytesSent));
  add("publishers/paused", view.total(Counter::PublishersPaused));
  add("publishers/receive_maximum_exceeded", view.total(Counter::ReceiveMaximumExceeded));
  add("retained messages/count", view.retained_messages());
  const auto queued = view.queued();
  add("store/messages/count", queued.messages);
  add("store/messages/bytes", queued.bytes);
  if (view.flush()) add("store/flush", view.flush()->text());
}

/// Not mosquitto's: its store is written whole, and at times.
void SysTopics::add_wear(const broker::View& view) {
  const auto wear = view.wear();
  if (!wear) return;
  add("store/bytes/accepted", wear->accepted);
  add("store/bytes/written", wear->written());
  add("store/bytes/written/journal", wear->journal);
  add("store/bytes/written/tables", wear->tables);
  add("store/bytes/written_per_accepted", two_digits(wear->per_byte()));
}

/// What of it is not good is said first: what is full refuses, and what is read-only refuses more.
void SysTopics::add_store(const broker::View& view) {
  const auto now = view.store_numbers();
  if (!now) return;
  const store::Stats& stats = now->stats;
  add("store/state", !now->is_writable ? "read-only" : stats.full ? "full" : "ok");
  add("store/failures", view.total(Counter::StoreFailures));
  add("store/bytes/used", stats.used_bytes);
  add("store/bytes/max", stats.max_bytes);
  add("store/bytes/disk_free", stats.disk_free_bytes);
  add("store/checkpoints", stats.checkpoints);
  add("store/checkpoints/failed", stats.failed_checkpoints);
  add("store/commits", stats.groups);
  add("store/commits/bytes", stats.journaled_bytes);
  if (const std::uint64_t more = stats.groups - commits_; more > 0)
    add("store/commits/micros", (stats.commit_micros - commit_micros_) / more);
  commits_ = stats.groups;
  commit_micros_ = stats.commit_micros;
  add("store/messages/elided", view.total(Counter::PublishElided));
}

/// Not mosquitto's either.
void SysTopics::add_tls(const broker::View& view) {
  if (!view.has_tls()) return;
  // In this order: every kind that is counted here has its total counted below.
  const std::uint64_t resumed = view.total(Counter::TlsResumptions);
  const std::uint64_t with_key = view.total(Counter::TlsPskHandshakes);
  const std::uint64_t all = view.total(Counter::TlsHandshakes);
  add("tls/handshakes/full", all - std::min(all, resumed + with_key));
  add("tls/handshakes/resumed", resumed);
  add("tls/handshakes/psk", with_key);
  add_each(view, "tls/handshakes/failed/", kTlsFailures);
  add("tls/handshakes/refused", view.total(Counter::TlsFailedLimit));
  if (const auto left = view.next_expiry()) add("tls/cert_expiry_seconds", std::to_string(left->count()));
}

/// Nor these: what came to the listeners and what they refused, of the kinds that there are.
void SysTopics::add_listeners(const broker::View& view) {
  add("connections/refused", view.total(Counter::ConnectionsRefused));
  if (view.has_websocket()) {
    add("websocket/upgrades", view.total(Counter::WebSocketUpgrades));
    add("websocket/refused", view.total(Counter::WebSocketFailed));
  }
  if (!view.has_proxies()) return;
  add("proxy/headers", view.total(Counter::ProxyHeaders));
  add_each(view, "proxy/failed/", kProxyFailures);
}

/// Of all named queues together.
void SysTopics::add_queues(const broker::View& view) {
  const broker::View::NamedQueues queues = view.named_queues();
  if (queues.count == 0) return;
  add("queues/count", queues.count);
  add("queues/messages/count", queues.held.messages);
  add("queues/messages/bytes", queues.held.bytes);
  add("queues/memory/count", queues.in_memory.messages);
  add("queues/memory/bytes", queues.in_memory.bytes);
  if (view.flush()) add("queues/flush/relaxed", queues.relaxed);
  add("queues/stored", view.total(Counter::QueueStored));
  add("queues/refused", view.total(Counter::QueueRefused));
  add("queues/duplicates", view.total(Counter::QueueDuplicates));
  add("queues/delivered", view.total(Counter::QueueDelivered));
  add("queues/acknowledged", view.total(Counter::QueueAcknowledged));
  add("queues/late_acks", view.total(Counter::QueueLateAcks));
  add("queues/moved", view.total(Counter::QueueMoved));
  add_each(view, "queues/returned/", kQueueReturns);
  add_each(view, "queues/dead/", kQueueDeaths);
  add_each(view, "queues/dropped/", kQueueDrops);
  add("streams/delivered", view.total(Counter::StreamDelivered));
  add("streams/passed_over", view.total(Counter::StreamPassedOver));
  add("streams/filtered", view.total(Counter::StreamFiltered));
  const broker::View::ConsumerGroups groups = view.consumer_groups();
  add("streams/groups/count", groups.count);
  add("streams/groups/lag", groups.lag);
  add("streams/retired", view.total(Counter::StreamRetired));
  add("streams/compacted", view.total(Counter::StreamCompacted));
  add("queues/sequence/gaps", view.total(Counter::SequenceGaps));
  add("queues/sequence/missing", view.total(Counter::SequenceMissing));
  add("queues/sequence/repeats", view.total(Counter::SequenceRepeats));
}

/// From the first one on.
void SysTopics::add_events(const broker::View& view) {
  constexpr std::array kAll{Counter::EventsPublished, Counter::EventsMissed, Counter::TapCopies,
                            Counter::TapMissed};
  if (sum(view, kAll) == 0) return;
  add("events/published", view.total(Counter::EventsPublished));
  add("events/missed", view.total(Counter::EventsMissed));
  add("events/copies/published", view.total(Counter::TapCopies));
  add("events/copies/missed", view.total(Counter::TapMissed));
}

/// From the first one on.
void SysTopics::add_delayed(const broker::View& view) {
  const std::uint64_t pending = view.delayed_pending();
  const std::uint64_t stored = view.total(Counter::DelayedStored);
  if (pending == 0 && stored == 0) return;
  add("delayed/pending", pending);
  add("delayed/stored", stored);
  add("delayed/published", view.total(Counter::DelayedPublished));
  add("delayed/cancelled", view.total(Counter::DelayedCancelled));
  add("delayed/put_off", view.total(Counter::DelayedPutOff));
}

/// From the first one on.
void SysTopics::add_transactions(const broker::View& view) {
  static constexpr std::array<std::pair<const char*, Counter>, 6> kCounts{
      {{"prepared", Counter::TransactionsPrepared},
       {"committed", Counter::TransactionsCommitted},
       {"rolled_back", Counter::TransactionsRolledBack},
       {"given_up", Counter::TransactionsGivenUp},
       {"refused", Counter::TransactionsRefused},
       {"checks", Counter::TransactionChecks}}};
  const std::uint64_t open = view.open_transactions();
  if (open == 0 && view.total(Counter::TransactionsPrepared) == 0) return;
  add("transactions/open", open);
  add_each(view, "transactions/", kCounts);
}

void SysTopics::add_each(const broker::View& view, const std::string& above,
                         std::span<const std::pair<const char*, Counter>> below) {
  for (const auto& [name, counter] : below) add(above + name, view.total(counter));
}

void SysTopics::add_heap(std::uint64_t in_use) {
  largest_heap_ = std::max(largest_heap_, in_use);
  add("heap/current", in_use);
  add("heap/maximum", largest_heap_);
}

void SysTopics::add_loads(const broker::View& view, std::chrono::duration<double> elapsed) {
  for (Load& load : loads_) {
    load.average.update(sum(view, load.counted), elapsed);
    for (std::size_t i = 0; i < LoadAverage::kMinutes.size(); ++i) {
      add(std::string("load/") + load.name + "/" + std::to_string(LoadAverage::kMinutes[i]) + "min",
          two_digits(load.average.average(i)));
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
