#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "queue/delayed_records.h"
#include "queue/queue_catalog.h"
#include "queue/queue_effect.h"
#include "queue/stream_window.h"

namespace hermod::queue {

// What a command of control_command.h gave.

/// It is done, and there is nothing to say about it.
struct Done {};

/// So many messages were purged, moved, driven back, or lost with their queue.
struct MessagesDone {
  std::uint64_t messages = 0;
};

/// A queue as it is at the moment.
struct QueueState {
  NamedQueuePtr queue;
  bool is_paused = false;
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
  std::uint64_t out = 0;      ///< of these with consumers
  std::uint64_t waiting = 0;  ///< and waiting for another try
  std::uint64_t consumers = 0;
  std::optional<std::chrono::milliseconds> oldest{};  ///< the age of the first one
  std::optional<Seq> first{};                         ///< of a stream: the oldest that it keeps,
  std::optional<Seq> next{};                          ///< and what will be stored next
  std::optional<std::uint64_t> keys{};                ///< with last_value: of which it knows the newest
  std::optional<store::Flush> flush{};                ///< the policy in force; nothing: nothing is stored
};

struct QueueList {
  std::vector<QueueState> queues;
  bool has_more = false;  ///< behind the last one
};

/// A message in a queue that somebody looks at.
struct PeekedMessage {
  enum class Where : std::uint8_t { Ready, Out, Waiting };
  Seq offset;
  QueueEntry entry;
  Where where{};
  std::uint32_t deliveries = 0;
};
struct PeekedMessages {
  std::vector<PeekedMessage> messages;
  std::uint32_t payload_bytes = 0;  ///< so much of each payload is shown
  bool has_more = false;            ///< behind the last one
};

struct ListedDelayed {
  Seq id;
  DelayedMessage delayed;
};
struct DelayedList {
  std::vector<ListedDelayed> messages;
  Seq next{};             ///< where to go on
  bool has_more = false;  ///< there may be others from there on
};

/// A consumer group of a stream as it is at the moment.
struct GroupState {
  NamedQueuePtr group;
  Seq position{};         ///< the oldest entry that it has not settled, or what is stored next
  Seq next{};             ///< what the stream stores next
  std::uint64_t lag = 0;  ///< entries that are there and that it has not settled
  std::optional<std::chrono::milliseconds> oldest{};  ///< the age of the first of these
  std::uint64_t out = 0;                              ///< of these with members
  std::uint64_t waiting = 0;                          ///< and waiting for another try
  std::uint64_t members = 0;
  std::uint64_t passed_over = 0;  ///< entries that the retention took away in front of it, since the start
  std::string filter{};           ///< of its members, since one has been there; empty: it takes everything
  std::uint64_t filtered = 0;     ///< entries that it did not take, since the start
};
struct GroupList {
  std::vector<GroupState> groups;
};

/// Messages of a stream that somebody has looked for.
struct FoundMessages {
  std::vector<StreamEntry> messages;
  std::uint32_t payload_bytes = 0;  ///< so much of each payload is shown
  Seq next{};                       ///< where to go on
  bool has_more = false;            ///< not all was looked at, and from there on there may be others
};

struct ListedTransaction {
  std::string id;
  std::string group;
  std::string client;  ///< who began it
  std::size_t messages = 0;
  std::uint64_t bytes = 0;
  std::uint32_t checks = 0;  ///< how often its producers were asked since anything was heard
  std::chrono::seconds age{};
};
struct TransactionList {
  std::vector<ListedTransaction> transactions;
  std::string next{};     ///< where to go on
  bool has_more = false;  ///< there are others from there on
};

using ControlResult = std::variant<Done, MessagesDone, QueueState, QueueList, PeekedMessages, DelayedList,
                                   TransactionList, GroupState, GroupList, FoundMessages>;

}  // namespace hermod::queue
