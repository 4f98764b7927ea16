#pragma once
#include <absl/container/btree_set.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <span>
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

/// Messages and their bytes.
struct Amount {
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
  friend bool operator==(const Amount&, const Amount&) = default;
};
/// One message more, or less.
inline void add_to(Amount& sum, std::uint64_t size) {
  sum.messages += 1;
  sum.bytes += size;
}
inline void take_from(Amount& sum, std::uint64_t size) {
  sum.messages -= 1;
  sum.bytes -= size;
}

/// The part of one consumer's queue that is in memory, in sequence order. Sequences come from the committer
/// (durable session) or are counted here (session that ends with its connection).
/// Owned by the session, touched by its shard; owns no heap memory while empty.
///
/// What waits beyond a limit is left to the store and only counted here: the window is behind then. A behind
/// window reads from the store page by page, one page at a time, and is level again when a page reaches the
/// end of what was offered. Everything that waits is in the store already, so a page that is asked for now
/// has it; what is sent at once need not be.
class QueueWindow {
 public:
  static constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

  /// Adds a delivery with the next sequence of this queue. Precondition: it is not behind.
  Seq push(Delivery delivery);
  /// Adds a delivery whose sequence the committer gave. Sequences may arrive in any order (a session may just
  /// have moved between shards); a delivery becomes visible when all before it have arrived.
  /// Precondition: each sequence is offered or skipped once.
  void offer(Seq seq, Delivery delivery);
  /// The sequence was given but its commit failed: nothing will arrive for it.
  void skip(Seq seq);
  /// So many sequences from `first` on were given to what is no entry: nothing will arrive for them, and the
  /// store has none of them.
  void pass_over(Seq first, std::uint32_t count);
  /// The first sequence that will be visible. Precondition: the queue is empty.
  void start_at(Seq next);
  /// The sequence that becomes visible next.
  Seq next() const { return next_; }
  /// It was offered or skipped already.
  bool has_had(Seq seq) const { return seq < next_; }
  /// After a restart, behind the last restore(): sequences below `next` that were not restored are gone.
  void resume_at(Seq next);
  /// After a restart: an entry the store holds, in the order of sequences and before any other.
  void restore(Seq seq, Delivery delivery);
  /// After a restart, behind the last restore(): the store has `amount` between these two, which it keeps.
  void restore_stored(Seq from, Seq last, const Amount& amount, WallTime first_expiry = Message::kNever);

  /// The oldest entry that was never handed out, or null: none waits, or none that waits is in memory.
  const Entry* next_waiting() const;
  /// Where the entries begin that were never handed out; next() when there is none.
  Seq first_waiting() const;
  /// When the oldest that was never handed out expires, as far as it is known.
  WallTime first_expiry() const;
  /// The entry behind next_waiting() goes out. Precondition: next_waiting() is `seq`.
  void mark_sent(Seq seq);
  /// An entry that was sent and is not erased, or null.
  const Entry* find(Seq seq) const;
  /// Removes an entry in any phase and returns its message; null when it was not in memory.
  MessagePtr erase(Seq seq);
  /// Removes the oldest waiting entry, for the overflow rule drop-oldest. Null when there is none in memory.
  MessagePtr drop_oldest_waiting(Seq& seq);

  /// Calls visit(const Entry&) for every entry that is left in memory, in order.
  template <class Visit>
  void for_each(Visit visit) const {
    for (std::size_t i = head_; i < entries_.size(); ++i)
      if (entries_[i].phase != Entry::Phase::Gone) visit(entries_[i]);
  }

  /// How much may wait in memory from now on; what is beyond leaves it. Without a call there is no limit.
  void set_limit(const Amount& limit);
  /// Some of what waits is only in the store.
  bool is_behind() const { return behind_ != nullptr; }
  /// What waits in the store only.
  Amount stored() const { return behind_ ? behind_->amount : Amount{}; }
  /// Where that begins. Precondition: is_behind().
  Seq first_stored() const { return behind_->from; }
  /// What waits in memory.
  const Amount& loaded() const { return loaded_; }
  /// A page was asked for and has not come.
  bool is_reading() const { return behind_ && behind_->reading; }
  /// A page is asked for: the store's entries from the sequence on that this gives. What is offered meanwhile
  /// is kept as far as the limit allows, so that the last page leaves no gap. Preconditions: is_behind(),
  /// !is_reading().
  Seq begin_page();
  /// Some other part of the queue is read, and this window gets nothing of it.
  void begin_look();
  /// The page came: neighbours in rising order; up to `end_of_page` the store has no others. `to_end`: nor
  /// behind it, as of begin_page(). Gives what the numbers said more than the store had, when it is level
  /// now. Precondition: is_reading().
  Amount load(std::span<Entry> page, Seq end_of_page, bool to_end);
  /// No page comes, or it is not wanted any more. Precondition: is_reading().
  void cancel_page();
  /// Whether an entry in the store is one that waits and is not in memory.
  bool holds_stored(Seq seq) const;
  /// Removes an entry that is only in the store; a page that was read before the store has heard of it leaves
  /// it out. Precondition: holds_stored(seq).
  void erase_stored(Seq seq, std::uint64_t bytes);
  /// The store has erased it.
  void on_erased(Seq seq);

  /// In memory and in the store.
  std::size_t waiting() const { return static_cast<std::size_t>(loaded_.messages + stored().messages); }
  std::size_t count() const { return count_; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  struct Early {
    Delivery delivery;
    bool skipped = false;
  };
  /// What is only in the store: everything that waits from `from` on.
  struct Behind {
    Seq from;
    WallTime first_expiry = Message::kNever;  // of the entry at `from`, if it is known
    Amount amount;
    bool reading = false;
    bool stale = false;       // the page that is being read is not the next one any more
    bool keeps_tail = false;  // everything offered since begin_page() is in `tail`
    Seq asked_at;             // next() at begin_page()
    std::vector<Entry> tail;  // counted in `amount`, too
    std::uint64_t tail_bytes = 0;
    absl::btree_set<Seq> erased;  // of those from `from` on; the store may not have heard of it
    void drop_tail();
  };

  void add_visible(Seq seq, Delivery delivery, Entry::Phase phase);
  void add_early();
  void keep_waiting(Seq seq, Delivery delivery);
  void leave_to_store(Seq seq, Delivery delivery, std::uint64_t size);
  bool has_room(const Amount& held, std::uint64_t size) const;
  std::size_t index_of(Seq seq) const;  // entries_.size() when not in the window
  void forget(std::size_t index);
  void trim();

  std::vector<Entry> entries_;  // from head_: rising sequences, erased ones stay as Gone until at the front
  std::size_t head_ = 0;
  std::size_t cursor_ = 0;  // index of the first entry that was never sent
  Amount loaded_;
  Amount limit_{kNoLimit, kNoLimit};
  std::size_t count_ = 0;
  std::uint64_t bytes_ = 0;
  Seq next_{1};
  std::unique_ptr<std::map<Seq, Early>> early_;  // arrived ahead of a gap
  std::unique_ptr<Behind> behind_;               // null: everything is in memory
};

}  // namespace hermod::queue
