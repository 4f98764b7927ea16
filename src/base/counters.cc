#include "base/counters.h"

namespace hermod {
namespace {

constexpr std::array<std::string_view, kCounterCount> kCounterNames = {
    "connections_accepted",
    "connections_closed",
    "connections_refused",
    "connect_received",
    "clients_connected",
    "clients_disconnected",
    "sessions_created",
    "sessions_resumed",
    "sessions_taken_over",
    "sessions_expired",
    "packets_received",
    "packets_sent",
    "bytes_received",
    "bytes_sent",
    "publish_received_qos0",
    "publish_received_qos1",
    "publish_received_qos2",
    "publish_sent_qos0",
    "publish_sent_qos1",
    "publish_sent_qos2",
    "publish_bytes_received",
    "publish_bytes_sent",
    "publish_duplicates",
    "publish_refused",
    "publish_no_subscribers",
    "publish_redelivered",
    "publish_elided",
    "dropped_expired",
    "dropped_queue_full",
    "dropped_slow_reader",
    "dropped_too_large",
    "dropped_offline",
    "dropped_session_ended",
    "dropped_commit_failed",
    "dropped_damaged",
    "store_failures",
    "dropped_refused_by_receiver",
    "receive_maximum_exceeded",
    "stray_acks",
    "protocol_errors",
    "keep_alive_timeouts",
    "connect_timeouts",
    "publishers_paused",
    "queue_stored",
    "queue_refused",
    "queue_duplicates",
    "queue_delivered",
    "queue_acknowledged",
    "queue_retried",
    "queue_handed_back",
    "queue_ack_timeouts",
    "queue_too_large",
    "queue_late_acks",
    "queue_dead_rejected",
    "queue_dead_expired",
    "queue_dead_max_length",
    "queue_dead_delivery_limit",
    "queue_dropped_rejected",
    "queue_dropped_expired",
    "queue_dropped_max_length",
    "queue_dropped_delivery_limit",
    "queue_dropped_dead_letters",
    "queue_dropped_never_stored",
    "queue_purged",
    "queue_moved",
    "queue_replaced",
    "delayed_stored",
    "delayed_published",
    "delayed_cancelled",
    "delayed_put_off",
    "transactions_prepared",
    "transactions_committed",
    "transactions_rolled_back",
    "transactions_given_up",
    "transactions_refused",
    "transaction_checks",
    "stream_delivered",
    "stream_passed_over",
    "stream_filtered",
    "stream_retired",
    "stream_compacted",
    "wills_published",
    "retained_set",
    "retained_cleared",
    "commit_groups",
    "commit_batches",
    "commit_bytes",
    "tls_handshakes",
    "tls_resumptions",
    "tls_psk_handshakes",
    "tls_failed_not_tls",
    "tls_failed_version",
    "tls_failed_protocol",
    "tls_failed_certificate",
    "tls_failed_psk",
    "tls_failed_timeout",
    "tls_failed_closed",
    "tls_failed_limit",
    "tls_failed_other",
    "proxy_headers",
    "proxy_failed_address",
    "proxy_failed_missing",
    "proxy_failed_malformed",
    "proxy_failed_timeout",
    "proxy_failed_closed",
    "websocket_upgrades",
    "websocket_failed",
};
static_assert(!kCounterNames.back().empty(), "every counter has a name");

}  // namespace

std::string_view counter_name(Counter counter) {
  return kCounterNames[static_cast<std::size_t>(counter)];
}

Counters::Counters(std::size_t writers) {
  blocks_.reserve(writers);
  for (std::size_t i = 0; i < writers; ++i) blocks_.push_back(std::make_unique<CounterBlock>());
}

std::uint64_t Counters::total(Counter counter) const {
  std::uint64_t sum = 0;
  for (const auto& block : blocks_) sum += block->get(counter);
  return sum;
}

}  // namespace hermod
