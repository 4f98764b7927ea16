#pragma once
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace hermod {

/// Everything the broker counts. One line here, one name in kCounterNames; admin reads them by these names.
enum class Counter : std::uint16_t {
  ConnectionsAccepted,
  ConnectionsClosed,
  ConnectionsRefused,
  ConnectReceived,
  ClientsConnected,
  ClientsDisconnected,
  SessionsCreated,
  SessionsResumed,
  SessionsTakenOver,
  SessionsExpired,
  PacketsReceived,
  PacketsSent,
  BytesReceived,
  BytesSent,
  PublishReceivedQoS0,
  PublishReceivedQoS1,
  PublishReceivedQoS2,
  PublishSentQoS0,
  PublishSentQoS1,
  PublishSentQoS2,
  PublishBytesReceived,
  PublishBytesSent,
  PublishDuplicates,
  PublishRefused,
  PublishNoSubscribers,
  PublishRedelivered,
  PublishElided,
  DroppedExpired,
  DroppedQueueFull,
  DroppedSlowReader,
  DroppedTooLarge,
  DroppedOffline,
  DroppedSessionEnded,
  DroppedCommitFailed,
  DroppedDamaged,
  StoreFailures,
  DroppedRefusedByReceiver,
  ReceiveMaximumExceeded,
  StrayAcks,
  ProtocolErrors,
  KeepAliveTimeouts,
  ConnectTimeouts,
  PublishersPaused,
  QueueStored,
  QueueRefused,
  QueueDuplicates,
  QueueDelivered,
  QueueAcknowledged,
  QueueRetried,
  QueueHandedBack,
  QueueAckTimeouts,
  QueueTooLarge,
  QueueLateAcks,
  QueueDeadRejected,
  QueueDeadExpired,
  QueueDeadMaxLength,
  QueueDeadDeliveryLimit,
  QueueDroppedRejected,
  QueueDroppedExpired,
  QueueDroppedMaxLength,
  QueueDroppedDeliveryLimit,
  QueueDroppedDeadLetters,
  QueueDroppedNeverStored,
  QueuePurged,
  QueueMoved,
  QueueReplaced,
  DelayedStored,
  DelayedPublished,
  DelayedCancelled,
  DelayedPutOff,
  TransactionsPrepared,
  TransactionsCommitted,
  TransactionsRolledBack,
  TransactionsGivenUp,
  TransactionsRefused,
  TransactionChecks,
  StreamDelivered,
  StreamPassedOver,
  StreamFiltered,
  StreamRetired,
  StreamCompacted,
  SequenceGaps,
  SequenceMissing,
  SequenceRepeats,
  EventsPublished,
  EventsMissed,
  TapCopies,
  TapMissed,
  WillsPublished,
  RetainedSet,
  RetainedCleared,
  CommitGroups,
  CommitBatches,
  CommitBytes,
  TlsHandshakes,
  TlsResumptions,
  TlsPskHandshakes,
  TlsFailedNotTls,
  TlsFailedVersion,
  TlsFailedProtocol,
  TlsFailedCertificate,
  TlsFailedPsk,
  TlsFailedTimeout,
  TlsFailedClosed,
  TlsFailedLimit,
  TlsFailedOther,
  ProxyHeaders,
  ProxyFailedAddress,
  ProxyFailedMissing,
  ProxyFailedMalformed,
  ProxyFailedTimeout,
  ProxyFailedClosed,
  WebSocketUpgrades,
  WebSocketFailed,
  kCount,
};
inline constexpr std::size_t kCounterCount = static_cast<std::size_t>(Counter::kCount);

/// The counter's name in metrics, without prefix and suffix.
std::string_view counter_name(Counter counter);

/// One array of counters per writer, so that writers never share a cache line. A block is written by one
/// thread and read by any.
class CounterBlock {
 public:
  void add(Counter counter, std::uint64_t n = 1) {
    auto& cell = cells_[static_cast<std::size_t>(counter)];
    cell.store(cell.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  std::uint64_t get(Counter counter) const {
    return cells_[static_cast<std::size_t>(counter)].load(std::memory_order_relaxed);
  }

 private:
  alignas(64) std::array<std::atomic<std::uint64_t>, kCounterCount> cells_{};
};

/// Owns the blocks of all writers; made before the threads start, lives as long as the broker.
class Counters {
 public:
  explicit Counters(std::size_t writers);
  CounterBlock& block(std::size_t writer) { return *blocks_.at(writer); }
  /// Sum over all writers. Any thread.
  std::uint64_t total(Counter counter) const;

 private:
  std::vector<std::unique_ptr<CounterBlock>> blocks_;
};

}  // namespace hermod
