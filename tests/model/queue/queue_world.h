#pragma once
#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "queue/queue_group.h"
#include "queue/settlement_line.h"
#include "tests/model/queue/stored_queue.h"
#include "tests/sim/random.h"

namespace hermod::model {

/// A named queue with a store, publishers and consumers of every temper, in one thread and from one seed.
/// What is to be stored is submitted by several at a time: each publisher's shard, the queue's owner, and the
/// shard of each consumer, which claims. Of one submitter it becomes durable in order, of several in any, but
/// in the order in which the committer has given sequences. The
/// world keeps its own, plain account of who has what and holds every step of the real QueueGroup against it.
class QueueWorld {
 public:
  explicit QueueWorld(std::uint64_t seed);

  /// Random steps, then a calm time in which everything has to leave. The first violation, or nothing.
  std::string run(int steps);
  /// Of all that may happen, how often it did: a rule that never comes up is not tested.
  const std::map<std::string, int>& seen() const { return seen_; }

 private:
  /// A message from the outside.
  struct Known {
    std::string key;
    std::string message_id;
    Seq seq{};
    MonotonicTime expires_at = MonotonicTime::max();
    bool acknowledged = false;  ///< to its publisher
    bool done = false;          ///< by a consumer
    std::uint32_t deliveries = 0;
    std::optional<queue::Outcome> last;
    bool is_open = false;  ///< PUBACK or PUBREC of the last delivery did not come
    std::chrono::milliseconds pause{};
    MonotonicTime not_before{};
    std::optional<std::string> left;  ///< how
    bool is_never_stored = false;     ///< its publisher was refused, and it was here already
    bool settling = false;            ///< the owner has decided something the store has not made
  };
  struct Held {
    Seq seq;
    queue::AttachmentNo attachment{};
    MonotonicTime deadline{};  ///< once it is sent
    bool is_sent = false;      ///< at QoS 2: its claim is durable
    bool active = true;        ///< false: timed out
    bool holds_lane = true;    ///< false: it was kept while its consumer was away
  };
  struct Client {
    queue::ConsumerId id;
    queue::QueueGroup::ConsumerOptions options;
    queue::AttachmentNo attachment{};
    std::size_t prefetch = 1;
    std::uint64_t delivered = 0;  ///< since it is attached
    std::uint64_t limit = 0;      ///< that it granted
    bool is_connected = false;
    bool is_attached = false;
    bool is_ending = false;            ///< its session; not durable yet
    std::deque<queue::Deliver> inbox;  ///< of its shard
    std::map<queue::LeaseId, Held> held;
  };

  static constexpr std::size_t kClients = 4;
  static constexpr std::size_t kPublishers = 3;
  static constexpr queue::SettlementLine::Limits kSmallBatch{.changes = 3, .bytes = 1000};
  /// What one shard has submitted.
  using Journal = std::deque<Change>;
  /// It has its sequence, and is not durable.
  struct Sequenced {
    Seq seq;
    Publication publication;
    bool is_told = false;  ///< the group knows it already
    bool has_come = false;
  };

  // steps (queue_world.cc)
  void step();
  void publish();
  void publish_unasked(const queue::MessagePtr& it, int number, const Known& message);
  void pass_time(std::chrono::milliseconds time);
  void end_overdue();
  void set_clock();
  void change_definition();
  void move_message();
  void close();
  MonotonicTime expiry_of(const queue::Message& message) const;
  void calm_down();
  void carry_out();
  void carry_out(queue::QueueEffect& effect);
  void end_claim(Seq seq, queue::EndedClaim& claim);
  Client& client_with(queue::ConsumerId id);

  // consumers (queue_consumers.cc)
  void move_client(Client& client);
  void receive(Client& client);
  void settle_one();
  void settle(Client& client, queue::LeaseId lease, queue::Outcome outcome);
  void grant(Client& client);
  void connect(Client& client);
  void take_over(Client& client);
  void drain(Client& client);
  void change_filter(Client& client);
  void lose_connection(Client& client);
  void end_session(Client& client);
  void give_back(Client& client, Held& held);
  std::map<queue::LeaseId, Held>::iterator lapse(Client& client, std::map<queue::LeaseId, Held>::iterator it);
  void hand_back(Client& client, const std::vector<queue::LeaseId>& leases);
  void forget_unsent(const Held& held);

  // the store (queue_durability.cc)
  bool commit_one();
  bool commit_one_of(Journal& journal);
  bool sequence_one();
  bool commit_sequenced();
  void commit_all_sequenced();
  void fail_sequenced();
  void come_in_early();
  void note_entry(Seq seq, const Publication& publication);
  const queue::Message& message_in_store(Seq seq) const;
  template <class Visit>
  void for_each_publication(Visit visit) const;
  template <class Is>
  bool has_publication(Is is) const;
  bool commit_settlements();
  bool read_one();
  void read_dead_letters();
  void fail_move();
  void on_durable(const Publication& publication, Seq seq);
  void fail(const Publication& publication);
  void on_durable(const queue::StoreChange& settlement);
  void check_batch();
  void on_durable(const SessionEnd& end);
  void restore_claims();
  void fail_publication();
  void fail_settlements();
  /// False: none is on its way.
  bool fail_claim();
  bool fail_claim_of(Seq seq);
  void crash();
  void crash_behind_sequenced();
  void apply_in_crash(const Change& change, Seq given = {});
  void start_group();
  void change_limits();
  bool is_everything_durable() const;

  // checks (queue_witness.cc)
  void check_delivery(const Client& client, const queue::Deliver& delivery);
  void check_state(const queue::PutDeliveryState& put);
  void check_end(Seq seq, queue::Removal why);
  void check_dead_letter(const queue::MoveToDeadLetters& dead);
  void check_admission(const queue::Admission& admission, const queue::Message& message,
                       const queue::Amount& before, const Known& arriving);
  void check_waiters(queue::AdmissionId id, const std::vector<queue::WaiterId>& answered);
  void check_stored(const Publication& publication);
  void check_nothing_is_lost();
  void check_limits();
  void check_nobody_waits();
  void check_last_values();
  bool is_free(Seq seq) const;
  bool is_unheld(Seq seq) const;
  bool is_above_limits() const;
  bool is_given_up(const Known& message) const;
  bool has_passed(Seq seq) const;
  bool follows_passed(Seq seq) const;
  bool is_evicted(Seq seq) const;
  bool is_in_turn(Seq seq) const;
  bool is_same_turn(const Known& a, const Known& b) const;
  bool is_lane_free(Seq seq) const;
  void violated(const std::string& rule);
  void expect(bool holds, const char* rule) {
    if (!holds) violated(rule);
  }

  static int number_of(const queue::Message& message);
  Known& known(Seq seq) { return known_.at(in_queue_.at(seq)); }
  const Known& known(Seq seq) const { return known_.at(in_queue_.at(seq)); }
  std::uint32_t lane_of(const Known& known) const;

  sim::Random chance_;
  queue::QueueDefinition definition_;
  queue::Moment now_;
  std::unique_ptr<queue::QueueGroup> group_;
  StoredQueue stored_;
  std::array<Journal, kPublishers> publications_;
  std::deque<Sequenced> sequenced_;
  Seq next_to_come_{};  ///< nothing is missing before it; zero: nothing has come since the start
  std::map<Seq, queue::MessagePtr> never_stored_;
  std::array<Journal, kClients> sessions_;
  Journal moves_;
  std::deque<queue::Recall> recalls_;
  std::uint64_t memory_ = 0;              ///< messages that may wait in memory; zero: any number
  std::deque<queue::ReadEntries> reads_;  ///< that nobody has looked up yet
  struct Page {
    queue::ReadEntries asked;
    std::vector<queue::QueueGroup::ReadMessage> messages;
    Seq end;
  };
  std::deque<Page> pages_;                             ///< that have not been heard of
  std::map<queue::LeaseId, queue::LeaseId> claim_of_;  ///< the store's record of a lease
  std::uint64_t last_claim_ = 0;
  /// The owner's batch that is under way, and what comes into the next: one at a time, so that nothing is
  /// made before what was decided earlier, whatever fails.
  queue::SettlementLine line_{kSmallBatch};
  std::set<int> dying_;  ///< dead letters that the store has not yet
  std::vector<Client> clients_;
  std::map<int, Known> known_;                         ///< by number
  std::map<Seq, int> in_queue_;                        ///< as the store has it
  std::map<std::string, MonotonicTime> admitted_ids_;  ///< of what was stored, the last time
  std::map<std::uint64_t, std::string> id_of_record_;
  std::vector<std::string> used_ids_;
  std::map<queue::WaiterId, queue::AdmissionId> waiters_;  ///< who repeated what was on its way
  std::uint64_t last_waiter_ = 0;
  std::set<queue::WaiterId> busy_;  ///< who may ask again one day
  queue::Amount found_;             ///< at the last start, perhaps above limits that were lowered
  std::map<std::string, int> seen_;
  std::string violation_;
  /// Of rate_in and of rate_out: since when it is what it is, and how many came and went since then.
  bool has_another_rate_in_ = false;  ///< than at the start
  MonotonicTime in_since_{};
  MonotonicTime out_since_{};
  std::int64_t admitted_ = 0;  ///< below zero: some were from before
  std::int64_t delivered_ = 0;
  bool is_paused_ = false;
  bool is_calm_ = false;
  bool is_closing_ = false;
};

/// Of all that is on its way.
template <class Visit>
void QueueWorld::for_each_publication(Visit visit) const {
  for (const Sequenced& one : sequenced_) visit(one.publication);
  for (const Journal& journal : publications_)
    for (const Change& change : journal) visit(std::get<Publication>(change));
}

template <class Is>
bool QueueWorld::has_publication(Is is) const {
  bool has = false;
  for_each_publication([&](const Publication& one) { has = has || is(one); });
  return has;
}

}  // namespace hermod::model
