#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "base/ids.h"
#include "queue/message.h"
#include "wire/types.h"

namespace hermod::queue {

/// Identifiers of all subscriptions a message matched; nearly always none or one.
using SubscriptionIdentifiers = std::vector<std::uint32_t>;

/// The entry that keeps a message on disk for a session which does not: it is erased when that session is
/// done with the message.
struct Loan {
  SessionId keeper{};  ///< whose entry it is; 0: there is none
  Seq seq{};
};

/// One message on its way to one session, as the subscription asked for it.
struct Delivery {
  MessagePtr message;
  wire::QoS qos = wire::QoS::AtMostOnce;  ///< the lower of published and granted
  bool retain = false;                    ///< the RETAIN flag to send
  std::uint64_t group = 0;                ///< the $share group it was drawn from; 0 = none
  SubscriptionIdentifiers identifiers;
  Loan loan{};
};

/// A message in a queue. Its sequence decides its packet identifier.
struct Entry {
  enum class Phase : std::uint8_t { Waiting, Sent, Gone };
  Seq seq;
  Delivery delivery;
  Phase phase = Phase::Waiting;
};

/// The part of one consumer's queue that is in memory, in sequence order. Sequences come from the committer
/// (durable session) or are counted here (session that ends with its connection).
/// Owned by the session, touched by its shard; owns no heap memory while empty.
class QueueWindow {
 public:
  /// Adds a delivery with the next sequence of this queue.
  Seq push(Delivery delivery);
  /// Adds a delivery whose sequence the committer gave. Sequences may arrive in any order (a session may just
  /// have moved between shards); a delivery becomes visible when all before it have arrived.
  /// Precondition: each sequence is offered or skipped once.
  void offer(Seq seq, Delivery delivery);
  /// The sequence was given but its commit failed: nothing will arrive for it.
  void skip(Seq seq);
  /// The first sequence that will be visible. Precondition: the queue is empty.
  void start_at(Seq next);
  /// The sequence that becomes visible next.
  Seq next() const { return next_; }
  /// After a restart, behind the last restore(): sequences below `next` that were not restored are gone.
  void resume_at(Seq next);
  /// After a restart: an entry the store holds, in the order of sequences and before any other.
  void restore(Seq seq, Delivery delivery);

  /// The oldest entry that was never handed out, or null.
  const Entry* next_waiting() const;
  /// The entry behind next_waiting() goes out. Precondition: next_waiting() is `seq`.
  void mark_sent(Seq seq);
  /// An entry that was sent and is not erased, or null.
  const Entry* find(Seq seq) const;
  /// Removes an entry in any phase and returns its message; null when it was not there.
  MessagePtr erase(Seq seq);
  /// Removes the oldest waiting entry, for the overflow rule drop-oldest. Null when there is none.
  MessagePtr drop_oldest_waiting(Seq& seq);

  /// Calls visit(const Entry&) for every entry that is left, in order.
  template <class Visit>
  void for_each(Visit visit) const {
    for (std::size_t i = head_; i < entries_.size(); ++i)
      if (entries_[i].phase != Entry::Phase::Gone) visit(entries_[i]);
  }

  std::size_t waiting() const { return waiting_; }
  std::size_t count() const { return count_; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  struct Early {
    Delivery delivery;
    bool skipped = false;
  };

  void add_visible(Seq seq, Delivery delivery, Entry::Phase phase);
  void add_early();
  std::size_t index_of(Seq seq) const;  // entries_.size() when not in the window
  void forget(std::size_t index);
  void trim();

  std::vector<Entry> entries_;  // from head_: rising sequences, erased ones stay as Gone until at the front
  std::size_t head_ = 0;
  std::size_t cursor_ = 0;  // index of the first entry that was never sent
  std::size_t waiting_ = 0;
  std::size_t count_ = 0;
  std::uint64_t bytes_ = 0;
  Seq next_{1};
  std::unique_ptr<std::map<Seq, Early>> early_;  // arrived ahead of a gap
};

}  // namespace hermod::queue
