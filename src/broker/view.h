#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/counters.h"
#include "broker/outbox.h"
#include "queue/delayed_room.h"
#include "queue/queue_catalog.h"
#include "queue/transaction_numbers.h"
#include "retain/retained_index.h"
#include "session/session_directory.h"
#include "store/flush.h"
#include "store/stats.h"
#include "store/wear.h"
#include "topic/subscription_index.h"

namespace hermod::broker {

/// The store at one moment.
struct StoreNumbers {
  store::Stats stats;
  bool is_writable = true;  ///< false from a failed write until the store works again
};

/// What the admin room sees of the broker: numbers, and a way to say something on a topic of the broker's
/// own. Any thread; lives as long as the broker.
class View {
 public:
  /// Of a broker with a folder.
  struct OfStore {
    std::optional<store::Flush> flush;
    std::function<store::Wear()> wear;      ///< any thread
    std::function<StoreNumbers()> numbers;  ///< any thread; looks at the disk
  };

  /// Of a broker with TLS listeners.
  struct OfTls {
    std::function<std::optional<std::chrono::seconds>()> next_expiry;  ///< any thread
  };

  /// Which kinds of listeners a broker has.
  struct OfListeners {
    bool websocket;
    bool proxies;  ///< one that reads PROXY headers
  };

  /// `store`: empty for a broker without a folder; `tls`: empty without TLS listeners; `queues`, `delayed`:
  /// null without named queues, and without delayed messages; `transactions`: null without transactions.
  View(const Counters& counters, const session::SessionDirectory& directory,
       const topic::SubscriptionIndex& subscriptions, const retain::RetainedIndex& retained,
       const std::atomic<std::uint32_t>& connections, const Clock& clock, ShardMailbox& mailbox,
       OfStore store = {}, OfTls tls = {}, OfListeners listeners = {},
       const queue::QueueCatalog* queues = nullptr, const queue::DelayedRoom* delayed = nullptr,
       const queue::TransactionNumbers* transactions = nullptr)
      : counters_(counters),
        directory_(directory),
        subscriptions_(subscriptions),
        retained_(retained),
        connections_(connections),
        clock_(clock),
        mailbox_(mailbox),
        store_(std::move(store)),
        tls_(std::move(tls)),
        listeners_(listeners),
        queues_(queues),
        delayed_(delayed),
        transactions_(transactions) {}

  std::uint64_t total(Counter counter) const { return counters_.total(counter); }
  std::uint32_t connections() const { return connections_.load(std::memory_order_relaxed); }
  /// Clients whose CONNECT was granted and whose connection has not ended.
  std::uint64_t clients() const {
    // In this order: every end that is counted here has its beginning counted below.
    const std::uint64_t ended = counters_.total(Counter::ClientsDisconnected);
    const std::uint64_t begun = counters_.total(Counter::ClientsConnected);
    return begun > ended ? begun - ended : 0;
  }
  std::size_t sessions() const { return directory_.count(); }
  /// Messages in the queues of all sessions.
  session::SessionSlots::Total queued() const { return directory_.slots().total(); }
  /// Named queues, and what is in all of them; as of about now, each is read by itself.
  struct NamedQueues {
    std::size_t count = 0;
    queue::Amount held{};
    queue::Amount in_memory{};  ///< of that, what is not in the store alone
    std::size_t relaxed = 0;    ///< whose flush policy lets a power cut take what was acknowledged
  };
  NamedQueues named_queues() const {
    NamedQueues sum;
    if (queues_ == nullptr) return sum;
    for (const queue::NamedQueuePtr& queue : queues_->all()) {
      const queue::Amount held = queue->stream ? queue->stream->held() : queue->room->held();
      ++sum.count;
      if (store_.flush && queue->definition.flush.value_or(*store_.flush).is_relaxed()) ++sum.relaxed;
      sum.held.messages += held.messages;
      sum.held.bytes += held.bytes;
      const queue::Amount in_memory = queue->room->in_memory();
      sum.in_memory.messages += in_memory.messages;
      sum.in_memory.bytes += in_memory.bytes;
    }
    return sum;
  }
  struct ConsumerGroups {
    std::uint64_t count = 0;
    std::uint64_t lag = 0;  ///< entries that they have not settled, of all together
  };
  ConsumerGroups consumer_groups() const {
    ConsumerGroups sum;
    if (queues_ == nullptr) return sum;
    for (const queue::NamedQueuePtr& queue : queues_->all()) {
      if (!queue->stream) continue;
      for (const queue::NamedQueuePtr& group : queues_->groups_of(queue->id)) {
        ++sum.count;
        sum.lag += group->group->lag();
      }
    }
    return sum;
  }
  /// Messages that are to be published later.
  std::uint64_t delayed_pending() const { return delayed_ != nullptr ? delayed_->taken() : 0; }
  std::uint64_t open_transactions() const { return transactions_ != nullptr ? transactions_->open() : 0; }
  std::size_t subscriptions() const { return subscriptions_.subscription_count(); }
  std::size_t shared_subscriptions() const { return subscriptions_.shared_subscription_count(); }
  std::size_t retained_messages() const { return retained_.count(); }
  std::uint64_t retained_bytes() const { return retained_.bytes(); }
  /// What the store has written since the start; nothing without one.
  std::optional<store::Wear> wear() const {
    return store_.wear ? std::optional(store_.wear()) : std::nullopt;
  }
  /// The store as it is now; nothing without one.
  std::optional<StoreNumbers> store_numbers() const {
    return store_.numbers ? std::optional(store_.numbers()) : std::nullopt;
  }
  /// store.flush; nothing: nothing is stored.
  const std::optional<store::Flush>& flush() const { return store_.flush; }
  bool has_tls() const { return tls_.next_expiry != nullptr; }
  /// How long until the first certificate of a TLS listener ends, negative after it; nothing without one.
  std::optional<std::chrono::seconds> next_expiry() const {
    return tls_.next_expiry ? tls_.next_expiry() : std::nullopt;
  }
  bool has_websocket() const { return listeners_.websocket; }
  bool has_proxies() const { return listeners_.proxies; }
  MonotonicTime now() const { return clock_.now(); }

  /// Sends `payload` to the subscribers of `topic` at QoS 0 and retains it in memory only. Precondition: a
  /// topic name below `$SYS/`, `$events/` or the like.
  void announce(std::string_view topic, std::string_view payload) {
    queue::Message::Fields fields;
    fields.topic = topic;
    fields.payload = as_bytes(payload);
    fields.retain = true;
    fields.stored_at = clock_.wall();
    mailbox_.post(Announce{queue::Message::create(fields)});
  }

 private:
  const Counters& counters_;
  const session::SessionDirectory& directory_;
  const topic::SubscriptionIndex& subscriptions_;
  const retain::RetainedIndex& retained_;
  const std::atomic<std::uint32_t>& connections_;
  const Clock& clock_;
  ShardMailbox& mailbox_;
  OfStore store_;
  OfTls tls_;
  OfListeners listeners_;
  const queue::QueueCatalog* queues_;
  const queue::DelayedRoom* delayed_;
  const queue::TransactionNumbers* transactions_;
};

}  // namespace hermod::broker
