#pragma once
#include <absl/container/btree_set.h>
#include <absl/container/flat_hash_map.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "queue/admission.h"
#include "queue/arrival_line.h"
#include "queue/dedup_window.h"
#include "queue/dispatcher.h"
#include "queue/due_index.h"
#include "queue/held_messages.h"
#include "queue/lanes.h"
#include "queue/lease_table.h"
#include "queue/moment.h"
#include "queue/property_filter.h"
#include "queue/queue_definition.h"
#include "queue/queue_effect.h"
#include "queue/queue_room.h"
#include "queue/queue_window.h"
#include "queue/sequence_map.h"
#include "queue/token_bucket.h"
#include "queue/wish_list.h"

namespace hermod::queue {

/// The rules of one named queue put together: what comes in, who gets it, what becomes of it. Decides and
/// remembers; what is to be sent and stored it says in effects, which the caller takes and carries out in
/// their order. Everything it knows about messages can be built again from what was stored.
///
/// Owned by the shard that owns the queue, touched by its thread; lives as long as the queue. Holds the
/// entries it was given, and with limit_held() not all of their messages: those that are with consumers, and
/// some of those that come near; it asks for the others when it needs them. What it is told about time goes
/// forward on the steady clock.
class QueueGroup {
 public:
  /// `room` is the queue's own, which its publishers have too. Precondition: check(definition).
  QueueGroup(QueueDefinition definition, std::shared_ptr<QueueRoom> room, Moment now);
  /// With a room that nobody else has.
  QueueGroup(const QueueDefinition& definition, Moment now);

  /// So many arrivals wait at once at most, Busy and DuplicatePending together: what they hold is outside,
  /// and many of them may have no connection that bounds it. The next is answered Full.
  static constexpr std::size_t kMostWaiting = 4096;

  // What comes in. Sequences rise.

  Admission admit(const Arrival& arrival, Moment now);
  /// The batch of the admission is durable: the entry is in, its evictions are gone. Also for one that
  /// nobody asked about, with its arrival: its room() is taken already. Who waits for it, because his was a
  /// duplicate, has success.
  std::vector<WaiterId> on_stored(AdmissionId id, Seq seq, Moment now);
  void on_stored(const Arrival& arrival, Seq seq, Moment now);
  /// One that nobody asked about has its sequence: it may go out, and the store is told of what becomes of it
  /// behind it. Sequences rise; on_stored() does not name it again, but on_durable() or on_never_stored().
  /// Precondition: takes_early(definition()).
  void on_sequenced(Seq seq, QueueEntry&& entry, Moment now);
  /// All that has a sequence up to this one is durable.
  void on_durable(Seq last, Moment now);
  /// Its publisher is refused. It leaves with its room, unless a consumer has it, or something was decided
  /// about it: then it does not come back. Precondition: it was sequenced.
  void on_never_stored(Seq seq, Moment now);
  /// What is sequenced and not durable may be lost with its group. In a queue that keeps the last value
  /// alone it would take the one before with it.
  static bool takes_early(const QueueDefinition& definition) { return !definition.last_value; }
  /// Somebody gave back room() that he had taken for a message which has not come: who waits may ask again.
  void on_room_given_back() { tell_to_ask_again(); }
  /// What was admitted. Precondition: it is not stored, nor has it failed.
  const QueueEntry& admitted(AdmissionId id) const { return pending_.at(id).entry; }
  /// It is not, or is withdrawn: nothing has changed. Who waits for it fails with it.
  std::vector<WaiterId> on_failed(AdmissionId id, Moment now);

  // What a start finds in the store, before anything else: entries in their order, identifiers in theirs.

  /// Of what is claimed the message is kept, however much that is.
  void restore(Seq seq, QueueEntry entry, const std::optional<DeliveryState>& state, Moment now,
               bool is_claimed = false);
  void restore_message_id(std::uint64_t number, std::string_view id, WallTime admitted_at, Moment now);
  /// All claims that the sessions have, behind the entries and in any order: each entry is with a QoS 2
  /// consumer that is not connected yet, and its ack_timeout begins anew. Decides whatever it finds, because
  /// a start cannot ask.
  RestoredClaims restore_claims(std::vector<Claim> claims, Moment now);
  /// That was all: what was to happen when the broker ended happens now.
  void resume(Moment now);

  // Messages that are in the store alone. Without a limit there are none.

  /// Of what waits so much is held from now on; but what a start has restored of claims stays until then.
  void limit_held(const Amount& limit);
  /// What is read at once.
  Amount page() const { return held_.page(); }
  struct ReadMessage {
    Seq seq;
    MessagePtr message;
  };
  /// What ReadEntries asked for, in rising order: from `from` up to `end` the store has no others. What has
  /// left, or is with somebody, is not brought back by it. An entry that is not among them cannot be read: it
  /// leaves memory, and stays in the store for whoever can. Gives those that have.
  std::vector<Seq> on_read(ReadFor purpose, std::vector<ReadMessage> messages, Seq from, Seq end, Moment now);
  /// For who looks at an entry or moves it, and finds no message: it is read, and some behind it. With the
  /// next on_read() of ReadFor::Showing these are in memory beside what is held, until the one after that or
  /// end_showing(); who asked finds his among them, unless somebody else had asked before. False: it was
  /// there when its page was read, and could not be. Precondition: the entry is there, without a message.
  bool bring(Seq seq);
  void end_showing() { shown_ = {}; }
  /// Messages in memory, and their bytes: of what waits, and of what consumers have; and what was read for
  /// who comes or looks, which may be among the others.
  Amount in_memory() const;

  // Who takes messages. A consumer's shard posts what follows; what comes with an attachment that is not the
  // consumer's newest is too late, and means nothing any more.

  struct ConsumerOptions {
    wire::QoS qos = wire::QoS::AtLeastOnce;
    PropertyFilter filter;
  };
  /// A consumer is attached; the number is 1 or more. It gets nothing before it grants credit. What it has of
  /// a drained attachment stays with it; an older one that was not drained is disconnected.
  void join(ConsumerId id, AttachmentNo attachment, ConsumerOptions options, Moment now);
  /// It takes so many deliveries in all, counted from its join: what its connection has room for, as link
  /// credit in AMQP 1.0. Each costs one, also if it comes back. A lower limit takes credit away.
  void grant(ConsumerId id, AttachmentNo attachment, std::uint64_t limit, Moment now);
  /// It subscribed again: for what is delivered from now on.
  void change_options(ConsumerId id, AttachmentNo attachment, ConsumerOptions options, Moment now);
  /// It unsubscribed: it gets nothing more, what was sent ends as ever, what was not is called back.
  void drain(ConsumerId id, AttachmentNo attachment, Moment now);
  /// Its connection is lost: what it has at QoS 1 goes back, what it has at QoS 2 stays with it. Older
  /// attachments are of that connection, or of one before.
  void disconnect(ConsumerId id, AttachmentNo attachment, Moment now);
  /// It will not come back: everything it has goes back. Connected or not; nothing happens if it is unknown.
  /// Precondition: the end of its session is durable, and with it that of its claims.
  void leave(ConsumerId id, Moment now);

  /// A delivery is on its way to the client, or could be: ack_timeout begins, and at QoS 2 runs also while
  /// the client is away. There its claim is durable, and the lease ends no more with the connection. Nothing
  /// happens if the lease is over.
  void sent(LeaseId lease, Moment now);
  /// They were not sent, nor their claims made, and will not be: they go back and do not count. Whose they
  /// were has no room: its credit is over until it grants again, else it would be given them until then. One
  /// call for all that a connection has to hand back: what is there is looked through once.
  void unsent(std::span<const LeaseId> leases, Moment now);
  void unsent(LeaseId lease, Moment now) { unsent(std::span(&lease, 1), now); }
  /// It was not sent, because the consumer's client takes no packet that large: the message goes back and
  /// waits for somebody else. As long as it is attached the consumer gets nothing that is larger than
  /// `most_bytes`, in Message::size(), or as large as this one.
  void too_large(LeaseId lease, std::uint64_t most_bytes, Moment now);
  /// Whether somebody else is attached who may take it, as far as is known. Also when it was answered
  /// already.
  bool has_other_taker(LeaseId lease) const;
  /// Who was held to what is smaller may try everything again: those who took the rest may be gone.
  void forget_sizes(Moment now);
  enum class Settled : std::uint8_t {
    Now,
    Late,    ///< the lease had ended without it
    Unknown  ///< there is no such lease, or no longer
  };
  /// A delivery ended: at QoS 0 when it was handed to the transport, at QoS 2 with PUBREC. `retry_after` is
  /// the consumer's wish. With `is_exchange_open` PUBACK or PUBREC has not come and still will: `$nack`. That
  /// one is Late then.
  Settled settle(LeaseId lease, Outcome outcome, std::optional<std::chrono::seconds> retry_after, Moment now,
                 bool is_exchange_open = false);
  /// What was wanted of the store for this entry is durable: EraseEntry, PutDeliveryState or
  /// MoveToDeadLetters. Until then the entry keeps its room and goes to nobody. A batch that failed is not
  /// told; it is made again, before anything newer of this queue. Precondition: one of these was wanted and
  /// has not been told.
  void on_settled(Seq seq, Moment now);

  // Who tells it many things at once.

  /// From now on until act(), what happens is only taken in: nothing goes out because of it, and nothing is
  /// read. Not to be asked meanwhile when it has something to do. `memory` is for its effects, so that not
  /// every queue keeps what the busiest moment of it took. Precondition: that is empty.
  void hold_back(std::vector<QueueEffect> memory = {}) {
    is_holding_back_ = true;
    if (effects_.empty()) effects_ = std::move(memory);
  }
  /// Does what has become possible.
  void act(Moment now);

  // Time and operators.

  /// Does what is due.
  void advance(Moment now);
  /// When advance() has something to do next.
  std::optional<MonotonicTime> next_due(Moment now) const;
  void set_paused(bool paused, Moment now);
  /// What it has decided could not be stored, until it could. Nobody waits for room meanwhile: who would is
  /// refused, and who does may ask again, for that.
  void set_store_failed(bool failed);
  /// What is to make room cannot be read, or what has died cannot, until it can. For who waits it is the
  /// same.
  void set_read_failed(bool failed);
  bool is_paused() const { return is_paused_; }
  /// Everything leaves that is there now and that no consumer has; a part of it at once.
  void purge(Moment now);
  /// The queue is as `to` says from now on, also for what is out: whose ack_timeout has become shorter may be
  /// over. What a lower limit, a shorter ttl or fewer deliveries end goes a part at a time. Errors: as
  /// check_change(), with the option first; nothing has changed then.
  Status change(const QueueDefinition& to, Moment now);
  /// The queue is deleted: nothing comes in any more and nobody gets anything, and everything leaves, what
  /// consumers have as well; a part of it at once. Errors: Busy, without `force` while it holds messages.
  Status close(bool force, Moment now);
  /// Everything has left that was there. What publishers that do not ask have still under way leaves when it
  /// comes; the caller has to know that there is none.
  bool is_closed() const { return is_closing_ && is_empty(); }
  bool is_closing() const { return is_closing_; }
  /// It holds nothing, and nothing is on its way into it.
  bool is_empty() const { return items_.empty() && room_->held().messages == 0; }
  /// A purge has not come to its end.
  bool is_purging() const { return purge_from_ < purge_to_; }

  /// What is to go into another queue: with its deaths, and without its deliveries.
  struct Moving {
    QueueEntry entry;
    bool has_state = false;
  };
  /// For a move or a redrive. One batch appends it there and erases it here; until that is told it goes to
  /// nobody and keeps its room. Without a message it cannot be stored there: bring() it before. In the order
  /// of sequences it keeps the order of keys. Nothing when the entry is not there, or somebody has it, or
  /// something about it is on its way to the store.
  std::optional<Moving> begin_move(Seq seq, Moment now);
  void on_moved(Seq seq, Moment now);
  /// The other queue would not have it, or the batch failed: it stays at its place.
  void on_not_moved(Seq seq, Moment now);

  struct Peeked {
    Seq seq;
    MessagePtr message;  ///< null: only the store has it
    std::string key;
    std::vector<Death> deaths;
    std::uint32_t deliveries = 0;
    std::optional<ConsumerId> consumer;  ///< who has it
    std::optional<MonotonicTime> due;    ///< when it goes out again, while it pauses
  };
  /// So many entries from a sequence on, in their order, whoever has them; nothing changes by that.
  std::vector<Peeked> peek(Seq from, std::size_t most) const;
  /// The sequence behind the last entry that is there now.
  Seq behind_last() const { return items_.empty() ? Seq{} : Seq{items_.last()->v + 1}; }
  /// And behind the last of those that are in the store: the others cannot be read yet.
  Seq behind_stored() const { return early_from_.v != 0 ? early_from_ : behind_last(); }
  bool is_stored(Seq seq) const { return early_from_.v == 0 || seq < early_from_; }
  /// It is in memory alone, and its publisher was refused.
  bool is_never_stored(Seq seq) const {
    const Item* const found = items_.find(seq);
    return found != nullptr && found->is_never_stored;
  }

  /// How the queue is at the moment.
  struct Look {
    std::uint64_t out = 0;             ///< entries that consumers have
    std::uint64_t waiting = 0;         ///< that pause before another try
    std::optional<WallTime> oldest{};  ///< since when the first one waits
  };
  Look look() const;

  std::vector<QueueEffect> take_effects() { return std::exchange(effects_, {}); }
  bool has_effects() const { return !effects_.empty(); }

  const QueueDefinition& definition() const { return definition_; }
  /// Entries as the store has them, and what is admitted and not stored yet. Never above the limits, but for
  /// what a start found when they had been lowered; that grows no more.
  Amount amount() const { return room_->held(); }
  /// Where a queue need not be asked, publishers take the room of a message themselves before they store it;
  /// they may hold on to this, and a late one only counts.
  const std::shared_ptr<QueueRoom>& room() const { return room_; }
  /// What leaves is one until it has left.
  std::size_t entries() const { return items_.size(); }
  std::size_t leases() const { return leases_.size(); }
  /// Those that are attached, and not drained.
  std::size_t consumers() const { return dispatcher_.size(); }
  bool has_lease(LeaseId lease) const { return leases_.contains(lease); }

  /// Since the group began.
  struct Counters {
    std::uint64_t filters_examined = 0;       ///< an entry held against a filter
    std::uint64_t room_examined = 0;          ///< an entry looked at to make room for one that comes
    std::uint64_t message_ids_forgotten = 0;  ///< before their window was over, because there were too many
    std::uint64_t waiting_refused = 0;        ///< arrivals that would have waited with too many others
  };
  Counters counters() const {
    return {.filters_examined = wishes_.examined(),
            .room_examined = room_examined_,
            .message_ids_forgotten = message_ids_.forgotten_early(),
            .waiting_refused = waiting_refused_};
  }

 private:
  static constexpr MonotonicTime kNoEnd = MonotonicTime::max();
  /// There may be a million; what few of them have is apart.
  struct Item {
    std::unique_ptr<EntryPast> past{};  ///< null: it came from no other queue, and its message has no expiry
    WallTime stored_at{};
    MonotonicTime expires_at = kNoEnd;
    LeaseId lease{};         ///< zero: nobody has it
    std::uint32_t size = 0;  ///< Message::size()
    static constexpr std::uint32_t kMostDeliveries = (1U << 27) - 1;
    std::uint32_t deliveries : 27 = 0;
    bool is_never_stored : 1 = false;  ///< its group has failed, and a consumer had it
    bool has_state : 1 = false;
    bool is_leaving : 1 = false;   ///< for an admission that is not settled
    bool is_settling : 1 = false;  ///< the store has not made yet what was decided about it
    bool is_gone : 1 = false;      ///< by that

    std::vector<Death> deaths() const { return past ? past->deaths : std::vector<Death>{}; }
    /// When its time to live began.
    WallTime since() const { return past && past->moved_at ? *past->moved_at : stored_at; }
    /// When its publisher said that it ends.
    WallTime end() const { return past ? past->expires_at : Message::kNever; }
  };
  struct Pending {
    QueueEntry entry;
    MonotonicTime expires_at{};
    std::uint64_t message_id_number = 0;
    std::vector<Seq> evictions{};
    Amount reserved{};  ///< beyond what the evictions had
    std::vector<WaiterId> waiters{};
  };
  struct Consumer {
    ConsumerOptions options;
    std::uint64_t most_bytes = Wish::kAnySize;  ///< as far as is known
    AttachmentNo attachment{};
    bool is_attached = false;
    LeasesOfConsumer leases;
  };
  struct Next {
    Seq seq;
    LaneNo lane = 0;
    ConsumerId consumer;
  };

  // admission
  std::optional<Admission> answer_duplicate(const Arrival& arrival, Moment now);
  bool may_wait();
  Admission busy(WaiterId waiter);
  std::optional<Amount> make_room(std::uint64_t size, std::vector<Seq>& leaving);
  void note(Seq seq, const Item& item);
  bool takes_oldest() const;
  bool will_have_room(std::uint64_t size) const;
  void tell_to_ask_again();
  Amount amount_of(const std::vector<Seq>& entries) const;
  std::vector<Seq> replaced_by(std::string_view key) const;
  Eviction evict(Seq seq, Removal why, Moment now);
  static bool may_leave(const Item& item) {
    return item.lease.v == 0 && !item.is_leaving && !item.is_settling;
  }
  Pending take_pending(AdmissionId id);
  void stay(Seq seq);
  bool has_in_memory(const std::vector<Seq>& dying, Moment now);
  bool holds_next(std::uint64_t size);
  bool is_kept_back(Seq seq) const;
  bool comes_with_page() const;
  /// Gives the message, when it is not held.
  MessagePtr add(Seq seq, QueueEntry&& entry, MonotonicTime expires_at);
  void take_durable(Seq last, Moment now);
  void come_in(Seq seq, QueueEntry&& entry, MonotonicTime expires_at);
  MonotonicTime expiry_of(WallTime stored_at, WallTime own_end, WallTime since, Moment now) const;
  MonotonicTime expiry_of(const Item& item, Moment now) const {
    return expiry_of(item.stored_at, item.end(), item.since(), now);
  }
  MonotonicTime expiry_of(const QueueEntry& entry, Moment now) const;
  void watch_expiry(Seq seq);
  void drop_replaced(Seq newest);

  // memory
  /// Null: only the store has it.
  MessagePtr message_of(Seq seq) const;
  static MessagePtr find_in(const std::vector<ReadMessage>& messages, Seq seq);
  void ask_for(ReadFor purpose, Seq from);
  bool is_reading(ReadFor purpose) const { return reading_to_[static_cast<std::size_t>(purpose)].v != 0; }
  /// How many of those that wait are in the store alone.
  std::uint64_t stored_alone() const {
    return items_.size() - lent_.messages - going_.messages - held_.amount().messages;
  }
  void trim_held();
  void want_evicting(Moment now);
  void forget_evicting(Moment now);
  bool may_forget_evicting() const;
  void read_ahead();
  bool lose(Seq seq);

  // delivery
  void pump(Moment now);
  void lend_all(Moment now);
  void lend_in_order(Moment now);
  std::optional<Next> choose_next();
  std::optional<Next> choose() const;
  std::optional<ConsumerId> consumer_for(LaneNo lane, Seq seq) const;
  void set_wish(ConsumerId id, const Consumer& consumer);
  void drop_wish(WishNo wish);
  /// What filters are held against; nothing when it has to be read before.
  std::optional<Offered> offered(Seq seq) const;
  void examine_ready();
  void examine_unexamined();
  bool could_lend_more(Moment now) const;
  enum class Looks : std::uint8_t {
    Ahead,  ///< until so much is ready as its consumers soon take
    Hungry  ///< behind that, because nothing more of it can go to them
  };
  WishList::Newcomers newcomers(Looks which, Moment now) const;
  bool examine_for_newcomers(Looks which, Moment now);
  bool examine_for(WishList::Newcomer newcomer, std::size_t most);
  std::optional<Seq> unread_of_newcomers(Looks which, Moment now);
  void read_for_looking(Moment now);
  void hold_what_is_wanted();
  void lend(const Next& next, Item& entry, MessagePtr message, Moment now);
  void detach(ConsumerId id, Consumer& consumer);
  void requeue_all(ConsumerId id, AttachmentNo last, bool keep_claims, Moment now);
  void take_back(Lease& lease, Moment now);
  void forget_if_gone(ConsumerId id);
  void recall(Lease& lease);
  MonotonicTime deadline_of(const Lease& lease) const { return lease.waits_since + definition_.ack_timeout; }
  Consumer* attached(ConsumerId id, AttachmentNo attachment);
  LeaseId claim(const Claim& it, Moment now);

  // settlement
  void end_lease(Lease& lease, Outcome outcome, std::optional<std::chrono::seconds> retry_after, Moment now,
                 bool is_exchange_open = false);
  struct LetGo {
    EndedClaim claim;
    MessagePtr message;  ///< to be held, unless its entry leaves
  };
  LetGo let_go(Lease& lease, Outcome outcome, bool is_exchange_open);
  void forget_lease(Lease& lease);
  void try_again(Seq seq, Outcome outcome, std::chrono::milliseconds pause, Moment now, EndedClaim claim);
  bool leaves_instead(Seq seq, Moment now, EndedClaim& claim);
  bool has_newer(Seq seq) const;
  void hold_up(Seq seq);
  void die(Seq seq, DeathReason reason, Moment now, EndedClaim claim = {});
  QueueEntry dead_entry(Seq seq, DeathReason reason, Moment now) const;
  void remove(Seq seq, Removal why, EndedClaim claim = {});
  void begin_end(Seq seq, Item& ending);
  void let_go_of(Seq seq);
  void drop_item(Seq seq);

  // time
  void end_overdue(Moment now);
  void wake_retries(Moment now);
  void drop_expired(Moment now);
  void forget_message_ids(Moment now);
  /// So much waits for the store that no more is decided by the slice: each takes memory.
  bool is_store_behind() const { return settling_ >= kMostSettling; }
  /// What dies, is acknowledged or is tried again waits for it in memory, so nothing more goes out then.
  bool lends() const { return !is_paused_ && !is_closing_ && !is_store_behind(); }
  void go_on_purging();
  void go_on_trimming(Moment now);
  bool is_above_limits() const;

  // operators
  void take_away(Lease& lease);
  void go_on_closing();
  void go_on_reviewing(Moment now);
  void age(Seq seq, Moment now);

  /// So much of what may be a whole backlog is done at once; next_due() is now while there is more.
  static constexpr std::size_t kSlice = 256;
  static constexpr std::uint64_t kMostSettling = 8192;
  /// Calls visit(Seq, Item&) for a slice of the entries from there on, while it says true; it may not erase
  /// any. Where to go on; nothing at the end.
  template <class Visit>
  std::optional<Seq> visit_slice(Seq from, Visit visit);
  const Item& item(Seq seq) const;
  Item& item(Seq seq) { return const_cast<Item&>(std::as_const(*this).item(seq)); }

  QueueDefinition definition_;
  std::string dead_letter_target_;
  Lanes lanes_;
  Dispatcher dispatcher_;
  WishList wishes_;  ///< of those that are attached
  std::optional<TokenBucket> rate_in_;
  std::optional<TokenBucket> rate_out_;
  DedupWindow message_ids_;

  SequenceMap<Item> items_;
  HeldMessages held_;                 ///< of those that wait
  std::vector<ReadMessage> in_hand_;  ///< come or read just now, for who looks at them
  /// Read for one that comes, as long as they are there: it may drive out more than is held at once, and be
  /// withdrawn, and ask again.
  HeldMessages evicting_;
  HeldMessages claimed_;  ///< by sessions, perhaps: a start has found them, and not their claims yet
  MonotonicTime evicting_until_{};  ///< whoever it was for is gone then
  struct Shown {
    std::vector<ReadMessage> messages{};
    Seq from{};  ///< all that could be read from there
    Seq end{};   ///< up to here
  };
  Shown shown_;                                  ///< the last page that somebody looked at
  absl::btree_set<Seq> unexamined_;              ///< ready, and to be read before filters see them
  std::array<Seq, kReadPurposes> reading_to_{};  ///< of each purpose, when it is read: what was there then
  Seq near_{};                                   ///< where the last page began that was to go out
  Seq unheld_to_{};  ///< what waits was held up to its end, but for this one, or not since; zero: it is
  bool looks_at_newcomers_first_ = false;
  WishNo last_read_for_{};     ///< of those that look on, for whom a page was asked
  absl::btree_set<Seq> free_;  ///< with takes_oldest(), those that may leave
  ArrivalLine arrivals_;
  Seq early_from_{};  ///< what is in from here on is not durable, as far as is known; zero: all is
  absl::flat_hash_map<AdmissionId, Pending> pending_;
  absl::flat_hash_map<std::uint64_t, AdmissionId> pending_message_ids_;
  LeaseTable leases_;
  absl::flat_hash_map<ConsumerId, Consumer> consumers_;
  const std::shared_ptr<QueueRoom> room_;
  Amount lent_;                 ///< of what is in it, what consumers have
  Amount going_;                ///< and what has gone, but for the store
  std::uint64_t settling_ = 0;  ///< entries of which the store does not know yet what was decided
  std::vector<WaiterId> asking_again_;
  std::size_t waiting_duplicates_ = 0;  ///< waiters of all that is pending
  std::uint64_t waiting_refused_ = 0;

  DueIndex<MonotonicTime, Seq> retries_;
  DueIndex<MonotonicTime, Seq> expiries_;

  std::vector<QueueEffect> effects_;
  std::uint64_t room_examined_ = 0;
  std::uint64_t last_admission_ = 0;
  Seq purge_from_{};  ///< what is purged and has not left; before purge_to_
  Seq purge_to_{};
  Seq trim_from_{};                   ///< while is_trimming_
  bool is_trimming_ = false;          ///< a limit was lowered
  std::optional<Seq> review_from_{};  ///< what is behind has not been looked at since the definition changed
  std::optional<Seq> close_from_{};   ///< what is behind has not been taken away yet
  bool is_closing_ = false;
  bool has_store_failed_ = false;
  bool has_read_failed_ = false;
  bool is_paused_ = false;
  bool is_holding_back_ = false;
  bool is_cut_short_ = false;  ///< there is more to do at once than a slice
};

template <class Visit>
std::optional<Seq> QueueGroup::visit_slice(Seq from, Visit visit) {
  auto next = items_.first_from(from);
  for (std::size_t left = kSlice; next && left > 0; --left) {
    if (!visit(*next, item(*next))) break;
    next = items_.first_from(Seq{next->v + 1});
  }
  return next;
}

}  // namespace hermod::queue
