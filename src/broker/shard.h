#pragma once
#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/counters.h"
#include "base/ids.h"
#include "broker/asked_publications.h"
#include "broker/barriers.h"
#include "broker/commit_tickets.h"
#include "broker/connection.h"
#include "broker/connection_table.h"
#include "broker/control_task.h"
#include "broker/delayed_desk.h"
#include "broker/early_message.h"
#include "broker/ending.h"
#include "broker/entry_properties.h"
#include "broker/failed_reads.h"
#include "broker/gone_queue.h"
#include "broker/granting.h"
#include "broker/group_serving.h"
#include "broker/lease_reports.h"
#include "broker/member_choice.h"
#include "broker/not_taken.h"
#include "broker/outbox.h"
#include "broker/owned_queue.h"
#include "broker/pending_publication.h"
#include "broker/publication.h"
#include "broker/remains.h"
#include "broker/shard_message.h"
#include "broker/shared.h"
#include "broker/stream_finding.h"
#include "broker/stream_reading.h"
#include "broker/stream_thinning.h"
#include "broker/transaction_calls.h"
#include "broker/transaction_desk.h"
#include "broker/voice.h"
#include "net/listener.h"
#include "session/deadlines.h"
#include "session/session_table.h"
#include "wire/encoder.h"
#include "wire/property_writer.h"

namespace hermod::broker {

/// One thread's part of the broker: its connections, the sessions of its clients, and the path of every
/// packet. It knows transports but no sockets, so tests drive it with fakes. Every method is called on the
/// shard's thread; other shards and the committer reach it through its mailbox only.
///
/// The paths are methods, one file per MQTT verb: connect_path.cc, publish_path.cc, deliver_path.cc,
/// page_path.cc, ack_path.cc, subscribe_path.cc, disconnect_path.cc; commits come back in commit_path.cc.
class Shard final : public net::AcceptHandler,
                    public ConnectionEvents,
                    private net::TimerHandler,
                    private StreamReadingHost,
                    private GroupServingHost,
                    private StreamFindingHost,
                    private StreamThinningHost {
 public:
  Shard(ShardId id, const Shared& shared, ShardMailbox& mailbox, net::TimerWheel& timers,
        CounterBlock& counters);
  ~Shard() override;
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  void on_accepted(std::unique_ptr<net::Transport> transport, const net::ListenerOptions& listener) override;

  /// A session that the store held lives here, with what it has not got of the retained messages it asked
  /// for. Before the first step().
  void adopt(std::unique_ptr<session::Session> session, std::vector<RetainedRead> retained_reads);
  /// The queue of a session that had ended: messages for others of its groups. Before the first step().
  void adopt_remains(SessionId ended, queue::QueueWindow queue);
  /// A named queue that this shard owns, with what the store held of it. Before the first step().
  void adopt_queue(std::unique_ptr<OwnedQueue> queue);
  /// The delayed messages of the store, on the shard that owns them. Before the first step().
  void adopt_delayed(std::unique_ptr<queue::DelayedMessages> delayed);
  /// The transactions of the store, in the same way.
  void adopt_transactions(std::unique_ptr<queue::TransactionTable> table);
  /// What fell due while the broker was down, or falls due with its start, happens now: no client that comes
  /// back at once withdraws a will or keeps a session whose time is over. When every shard has adopted.
  void catch_up();

  /// Everything between reading sockets and writing them: the mailbox, due sessions, a slice of retained
  /// messages; then what was collected goes to the other shards and to the committer. True when there is
  /// more to do at once.
  bool step();

  /// True after StopServing when every connection has ended, and what owners of queues were asked about.
  bool is_drained() const;
  /// True while the committer owes this shard an answer.
  bool has_commits_in_flight() const { return commits_in_flight_ > 0; }
  /// True while records of sessions that could not be written wait for the store to take them.
  bool has_to_write_again() const { return not_taken_.any(); }
  std::size_t connection_count() const { return connections_.size(); }
  std::size_t session_count() const { return sessions_.size(); }

 private:
  using Session = session::Session;
  using ReasonCode = wire::ReasonCode;
  using QoS = wire::QoS;
  using Begun = std::optional<Result<queue::ControlResult>>;
  enum class WillRule { Publish, Discard };
  /// Messages waiting for one client from which on its publishers are asked to wait.
  static constexpr std::size_t kCongestedFrom = 2000;

  // shard.cc: arrivals, mailbox, time
  bool on_introduced(Connection& c) override;
  void on_packet(Connection& c, const wire::Packet& packet) override;
  void on_protocol_error(Connection& c, const wire::ProtocolError& error) override;
  void on_connection_timer(Connection& c) override;
  void on_output_drained(Connection& c) override;
  void on_connection_ending(Connection& c, net::CloseReason reason) override;
  void on_connection_closed(Connection& c, net::CloseReason reason) override;
  void on_timer(net::Timer& timer) override;
  std::optional<net::SocketAddress> counted_address(const net::Transport& transport,
                                                    const AddressLimits::Own* own) const;
  void on_pingreq(Connection& c);
  void start_keep_alive(Connection& c);
  void receive(ShardMessage& message);
  void skip_sequence(const SkipSequence& skip);
  void follow_session(SessionId id, ShardMessage message);
  void take_early_messages(Session& session);
  void stop_serving();
  void tick_soon();
  void schedule_deadlines() override;
  MonotonicTime now() override;
  WallTime wall() override;
  Connection* live(const std::optional<ConnectionId>& id) { return id ? connections_.find(*id) : nullptr; }

  // connect_path.cc
  void on_connect(Connection& c, const wire::Connect& packet);
  void claim_session(Connection& c);
  void on_take_over(TakeOver& request);
  void hand_over(Session& session);
  void hand_over_if_wanted(SessionId id);
  void on_session_granted(SessionGranted& granted);
  Session& take_in(std::unique_ptr<session::Session> session);
  void begin_session(Connection& c, std::unique_ptr<session::Session> old, SessionId fresh_id);
  void finish_connect(Connection& c, Session& session, bool session_present, bool ends_stored);
  void send_connack(Connection& c, Session& session, bool session_present);
  wire::PropertyWriter describe_server(const Connection& c) const;
  void refuse_connect(Connection& c, ReasonCode reason, std::string_view why);

  // publish_path.cc
  void on_publish(Connection& c, const wire::Publish& packet);
  bool within_agreement(Connection& c, const wire::Publish& packet);
  bool admit_publish(Connection& c, Session& session, const wire::Publish& packet);
  bool resolve_topic(Connection& c, const wire::Publish& packet, std::string_view& topic);
  std::optional<ReasonCode> refusal_for(const wire::Publish& packet, std::string_view topic) const;
  std::optional<ReasonCode> refusal_for(const wire::Publish& packet,
                                        const Result<topic::TopicName>& name) const;
  void refuse_publish(Connection& c, const wire::Publish& packet, ReasonCode reason, std::string_view why);
  std::uint64_t match(std::string_view topic, SessionId publisher);
  std::uint64_t match(const topic::TopicName& topic, SessionId publisher);
  queue::MessagePtr make_message(const wire::Publish& packet, std::string_view topic, SessionId publisher,
                                 std::uint64_t matched_version);
  void find_targets(const queue::MessagePtr& message, std::string_view client_id);
  bool reserve_room(const queue::MessagePtr& message, queue::Overflow overflow);
  void release_room(const queue::MessagePtr& message);
  bool has_room_to_retain(const queue::Message& message);
  std::size_t purge_retained(std::size_t most);
  void hand_over_now(bool qos0_only);
  bool needs_commit(const Connection* c, const queue::MessagePtr& message, bool retain) const;
  void commit_publish(Connection* c, const queue::MessagePtr& message, wire::PacketId id, QoS qos,
                      bool retain, store::WriteBatch&& batch = {}, SessionId session = {},
                      queue::WaiterId round = {}, Seq delayed = {});
  bool append_publication(store::WriteBatch& batch, PublishCommit& work);
  std::optional<MessageId> share_body(store::WriteBatch& batch, const queue::Message& message);
  void acknowledge_publish(Connection& c, wire::PacketId id, QoS qos, ReasonCode reason,
                           const PublishRef* ref = nullptr);
  void send_publish_ack(Connection& c, wire::PacketId id, QoS qos, ReasonCode reason, std::string_view why);
  void wait_for_slow_reader(Connection& c);
  void publish_for_broker(const queue::MessagePtr& message, std::string_view client_id, bool behind_others,
                          store::WriteBatch batch);
  bool draw_member(queue::Delivery& delivery);
  void redispatch(queue::Delivery delivery);
  void announce(const queue::MessagePtr& message);

  // delayed_path.cc
  void on_delayed(Connection& c, const wire::Publish& packet, std::string_view topic);
  bool is_delayed_by_level(Connection& c, const wire::Publish& packet, std::string_view topic);
  void store_delayed(Connection& c, const wire::Publish& packet, std::string_view topic,
                     const queue::DelayedTime& time);

  friend class DelayedDesk;  // on the shard that owns them
  Begun ask_delayed(const ControlTask& task, const queue::ControlCommand& command);

  friend class TransactionCalls;
  friend class TransactionDesk;  // on the shard that owns them
  friend class TransactionCommit;
  friend class Voice;
  Begun ask_transactions(const ControlTask& task, const queue::ControlCommand& command);

  // enqueue_path.cc
  /// False: there is no such queue.
  bool add_queue_target(QueueId id, const queue::Message& message, std::string_view client_id);
  bool reserve_queue_room(const queue::MessagePtr& message, bool may_refuse);
  void give_back_room(const queue::NamedQueue& queue, const queue::Amount& amount);
  void append_to_queues(store::WriteBatch& batch, const queue::MessagePtr& message,
                        std::optional<MessageId> shared, PublishCommit& work);
  void wait_for_queue_owner(Connection& c);
  std::unique_ptr<PublishRef> wanted_ref(const Connection& c, const queue::Message& message) const;

  // control_path.cc
  void on_control(Connection& c, const wire::Publish& packet);
  void take_control(ControlId id, bool is_stored);
  void acknowledge_without_message(Connection& c, const wire::Publish& packet, bool matched,
                                   ControlId control = {});
  void run_control(ControlId id);
  std::optional<ControlId> end_control(ControlTask& task);
  void finish_command(ControlId id, Result<queue::ControlResult> result);
  void publish_answer(const ControlTask& task, std::string_view text);
  void publish_for_nobody(const queue::MessagePtr& message);

  // command_path.cc
  Begun begin_command(ControlTask& task, const queue::ControlCommand& command);
  Begun ask_owner(const ControlTask& task, const std::string& name, const queue::ControlCommand& command,
                  std::optional<queue::QueueDefinition> wanted = std::nullopt);
  Begun begin_create(ControlTask& task, const queue::QueueDefinition& definition);
  Begun make_queues(ControlTask& task, std::vector<queue::QueueDefinition> wanted,
                    queue::QueueCatalog::Hold hold);
  Status open_queue(const queue::NamedQueue& planned, std::string_view by);
  Begun begin_edit(ControlTask& task, const queue::EditQueue& command);
  Begun begin_delete(ControlTask& task, const queue::DeleteQueue& command);
  Begun begin_list(ControlTask& task, const queue::ListQueues& command);
  void on_command_done(QueueId queue, CommandDone& done);

  // order_path.cc
  void on_command_asked(OwnedQueue* queue, QueueId id, AskCommand& asked);
  void answer_order(QueueId queue, ControlId asker, Result<queue::ControlResult> result) override;
  queue::QueueState describe_queue(const OwnedQueue& queue);
  void go_on_looking(OwnedQueue& queue);
  void run_orders(OwnedQueue& queue);
  void begin_change(OwnedQueue& queue);
  void record_change(OwnedQueue& queue, const queue::QueueDefinition& definition, bool is_paused,
                     std::optional<Error> undone = std::nullopt);
  void redefine(OwnedQueue& queue);
  void on_queue_redefined(QueueId id, QueueRedefined& redefined);
  void on_turned_away(QueueId group, const ConsumerTurnedAway& told);
  void end_change(OwnedQueue& queue, Result<queue::ControlResult> result);

  // transfer_path.cc
  void go_on_transferring(OwnedQueue& queue);
  void begin_transfer(OwnedQueue& queue);
  void take_slice(OwnedQueue& queue);
  bool take_one(OwnedQueue& queue, const queue::QueueGroup::Peeked& one, const std::string& target);
  void ask_for(OwnedQueue& queue, std::size_t index);
  bool on_move_answered(AdmissionAnswered& answer);
  bool on_move_asked_again(queue::WaiterId waiter);
  void withdraw_rest(OwnedQueue& queue, std::size_t first);
  void submit_slice(OwnedQueue& queue);
  void touch_later(OwnedQueue& queue);
  void end_transfer(OwnedQueue& queue);

  // queue_end_path.cc
  void begin_ending(OwnedQueue& queue);
  void record_end(OwnedQueue& queue);
  void forget_message_ids(OwnedQueue& queue);
  void go_on_ending(OwnedQueue& queue);
  void end_transfers(OwnedQueue& queue);
  void on_subscribers_forgotten(OwnedQueue& queue);
  void on_queue_gone(QueueGone& gone);
  void on_queue_forgotten(const QueueForgotten& forgotten);
  bool is_forgetting() const;
  void forget_subscribers();
  std::size_t forget_queue(Session& session, QueueId id, const std::string& name, store::WriteBatch& batch);
  void forget_gone_queues(Session& session);

  // admission_path.cc
  queue::WaiterId next_waiter();
  void evict(store::WriteBatch& batch, const queue::NamedQueuePtr& queue, queue::Admission& admission,
             CommitQueues& queues, LeftMessages& left);
  bool asks_owners() const;
  void ask_owners(Connection* c, PendingPublication publication);
  void begin_round(PendingPublication publication);
  void on_admission_answered(QueueId queue, AdmissionAnswered& answer);
  void submit_admitted(queue::WaiterId waiter);
  void drop_not_admitted();
  Connection* publisher_of(const PendingPublication& publication);
  void conclude(queue::WaiterId waiter);
  void refuse_pending(PendingPublication& publication);
  void end_asking(PendingPublication& publication);
  void end_pending(queue::WaiterId waiter);
  void let_session_go(SessionId id);
  void on_round_stored(queue::WaiterId waiter, bool is_stored, std::unique_ptr<PublishRef> ref);
  void on_repeated(QueueId queue, const RepeatedEnded& ended);
  void on_ask_again(const AskedAgain& asked);
  void append_admitted(store::WriteBatch& batch, QueueTarget& target, const queue::MessagePtr& message,
                       std::optional<MessageId> shared, PublishCommit& work);
  void answer_admission(OwnedQueue* queue, QueueId id, const AskAdmission& asked);
  void tell_waiters(QueueId queue, const std::vector<queue::WaiterId>& waiters, bool is_stored);
  void tell_to_ask_again(QueueId queue, const queue::AskAgain& again);

  // queue_path.cc
  void tell(ShardId to, ShardMessage&& message) override;
  void tell_queue(QueueId queue, ToQueue::Message message) override;
  OwnedQueue* owned_queue(QueueId id) override;
  void on_queue_told(ToQueue& told);
  void touch(OwnedQueue& queue) override;
  void advance_queues();
  void tell_lease_reports();
  bool run_queues();
  void pump_soon(SessionId session) override;
  void pump_consuming();
  void carry_out(OwnedQueue& queue);
  void settle_entries(OwnedQueue& queue);
  void count_settled(OwnedQueue& queue, const QueueSettled& work) override;
  void tell_claims_ended(OwnedQueue& queue, const QueueSettled& work);
  void schedule_queue(OwnedQueue& queue);
  queue::Moment moment() { return {now(), wall()}; }

  // consume_path.cc
  void consume(Session& session, const session::Subscription& subscription);
  void consume_no_more(Session& session, std::string_view form);
  void drain(Session& session, session::QueueConsumer& consumer);
  void resume_consuming(Session& session);
  void stop_consuming(Session& session);
  void on_told_by_queue(FromQueue& told);
  void pump_consumers(Connection& c, Session& session);
  enum class Lent { Ended, WithClient, Waits };
  Lent send_lent(Connection& c, Session& session, const session::QueueDelivery& lent);
  std::optional<LentExchange> start_lent(Session& session, QoS qos) override;
  std::optional<Seq> sequence_for_lent(Session& session);
  void ask_sequences(Session& session);
  void grant_credit(Session& session);
  bool settle_lent(Session& session, Seq own, const wire::Ack& packet);
  void tell_settled(session::QueueConsumers::Sent& sent, queue::Outcome outcome,
                    std::optional<std::chrono::seconds> retry_after);
  wire::OutboundPublish lent_publish(const Connection& c, const session::QueueDelivery& lent,
                                     std::string_view queue, QoS qos,
                                     std::span<const std::uint32_t> identifiers);

  // claim_path.cc
  void claim_lent(const Connection& c, Session& session, const session::QueueDelivery& lent);
  void send_claimed(Connection& c, Session& session);
  bool send_claim(Connection& c, Session& session, Seq own, wire::PacketId id, bool duplicate);
  bool send_claim_again(Connection& c, Session& session, const qos::Resend& resend);
  bool settle_claim(Session& session, Seq own, const wire::Ack& packet);
  void release_claim(Connection* c, Session& session, Seq own);
  void send_pubrel_in_order(Connection* c, Session& session, Seq own);
  void on_claim_ended(const FromQueue& told, const ClaimEnded& ended);
  void on_nack(Connection& c, const wire::Publish& packet, std::string_view topic);

  // create_queue_path.cc
  ReasonCode grant_queue(Granting& it);
  ReasonCode create_queues(SubscriptionRequest& request);
  ReasonCode grant_group(Granting& it);

  // deliver_path.cc
  void deliver(SessionId to, Seq seq, queue::Delivery delivery);
  void deliver_early(SessionId to, Seq seq, queue::Delivery delivery);
  bool send_early(Session& session, Seq seq, queue::Delivery& delivery);
  void deliver_qos0(Session& session, const queue::Delivery& delivery);
  void enqueue(Session& session, Seq seq, queue::Delivery delivery);
  void pump(Session& session) override;
  void send_waiting(Connection& c, Session& session);
  void show_pace(Session& session);
  void send_again(Connection& c, Session& session, const qos::Resend& resend);
  wire::OutboundPublish publish_for(const Connection& c, const queue::Delivery& delivery);
  wire::OutboundPublish publish_for(const Connection& c, const queue::Message& message,
                                    wire::QoS qos) override;
  bool fits(const Connection& c, const queue::Delivery& delivery);
  void send_publish(Connection& c, const queue::Delivery& delivery, wire::PacketId id, bool duplicate);
  void write_publish(Connection& c, wire::OutboundPublish out, const queue::MessagePtr& message) override;
  void drop_entry(Session& session, Seq seq, Counter reason);
  void drop_expired(Session& session);
  void watch_expiry(Session& session);
  void watch_congestion(Session& session);
  void check_congestion();
  bool is_behind(ShardId shard) const;

  // page_path.cc
  void limit_window(Session& session);
  void ask_page(const Session& session, PageRead::Purpose purpose, Seq from);
  void read_ahead(Session& session);
  void on_page_read(PageRead& page);
  void tell_damaged(const PageRead& page, std::string_view queue) override;
  void read_again_later(SessionId session) override;
  void read_again();
  bool is_over_limit(const Session& session) const;
  void drop_what_is_over(Session& session);
  void look_for_shared(Session& session);
  void hand_on_page(Session& session, PageRead& page);
  Remains& keep_remains(SessionId ended, queue::QueueWindow queue, Counter reason);
  void ask_remains(SessionId id, Remains& remains);
  void hand_on_remains(PageRead& page);

  // queue_page_path.cc
  void bound_memory(OwnedQueue& queue) const;
  void read_queue(const OwnedQueue& queue, PageRead::Purpose purpose, Seq from);
  bool gives_up(OwnedQueue& queue, PageRead& page);
  void tell_read_failed(OwnedQueue& queue);
  void on_queue_page_read(PageRead& page);
  void tell_lost(const PageRead& page, const std::vector<Seq>& lost, std::string_view queue);
  void read_queues_again();

  // stream_path.cc
  void on_stream_told(OwnedQueue& queue, ToQueue::Message& told);
  void run_stream(OwnedQueue& queue);

  // ack_path.cc
  void on_ack(Connection& c, const wire::Ack& packet);
  void on_puback(Connection& c, Session& session, const wire::Ack& packet);
  void on_pubrec(Connection& c, Session& session, const wire::Ack& packet);
  void on_pubrel(Connection& c, Session& session, const wire::Ack& packet);
  void on_pubcomp(Connection& c, Session& session, const wire::Ack& packet);
  void finish_exchange(Connection& c, Session& session, const qos::OnFinish& end, std::string_view mistake);
  void finish_entry(Session& session, Seq seq);
  void take_out_entry(Session& session, Seq seq);
  void erase_entry(Session& session, Seq seq);
  void send_ack(Connection& c, wire::PacketType type, wire::PacketId id, ReasonCode reason,
                std::string_view why = {}, wire::Properties told = {});
  void send_ack_in_order(Connection& c, Session& session, AnswerLater answer);
  void list_finished_entries(const Session& session);
  void submit_finished_entries();

  // subscribe_path.cc
  void on_subscribe(Connection& c, const wire::Subscribe& packet);
  void on_unsubscribe(Connection& c, const wire::Unsubscribe& packet);
  ReasonCode grant(const wire::SubscribeFilter& wanted, bool is_one_too_many) const;
  bool is_of_no_queue(std::string_view filter) const;
  void apply_subscriptions(Connection* c, Session& session, SubscriptionsStored& work);
  void send_subscription_ack(Connection& c, const SubscriptionsStored& work);
  void remove_subscriptions(const Session& session);

  // retained_path.cc
  bool plan_retained_read(Connection& c, const SubscriptionRequest& request, bool is_new,
                          std::uint64_t since_version);
  void stop_retained_reads(Connection* c, SessionId session, std::string_view filter);
  void begin_retained_barrier(const Connection& c);
  void keep_retained_reads(Connection& c, const Session& session);
  void resume_retained_reads(Connection& c, const Session& session);
  std::vector<RetainedRead> take_kept_reads(SessionId session);
  bool send_retained_slices();
  bool send_retained_slice(Connection& c, Session& session);
  bool has_room_for_retained(Connection& c, const Session& session) const;

  // barrier_path.cc
  void submit_behind_all(std::optional<ConnectionId> connection, CommitTicket::Work work);
  void on_submitted(const Submitted& answer);
  void answer_submitted();
  void pass_barrier(Barrier& barrier);

  // answer.h
  template <class P>
  bool answer(Connection& c, P packet, std::string_view why = {});

  // disconnect_path.cc
  void on_disconnect(Connection& c, const wire::Disconnect& packet);
  void disconnect(Connection& c, ReasonCode reason, std::string_view why);
  void disconnect_behind_acks(Connection& c, ReasonCode reason);
  void tell_disconnected(const Connection& c, const Session& session, const Ending& ending);
  void close_connection(Connection& c, WillRule will, const Ending& ending);

  // session_end.cc
  void leave_session(Session& session, WillRule will);
  void hand_on_shared(Session& session);
  bool draw_other_member(queue::Delivery& delivery);
  void hand_to_drawn(const queue::MessagePtr& message);
  void settle_loan(const queue::Loan& loan);
  void on_loan_settled(const LoanSettled& settled);
  void hand_on_held();
  void tell_members_connected();
  void strand(Deliver& message);
  void redispatch_stranded();
  void erase_stray(SessionId ended, Seq seq);
  void set_absence_deadlines(const Session& session);
  bool publish_will(Session& session);
  void publish_taken_will(SessionId id, std::string_view client_id, const session::Will& will,
                          bool is_late = false);
  void publish_late_wills(SessionId id);
  void end_session(Session& session, Counter reason);
  void pass_on(const std::string& client_id);
  void discard_session_state(Session& session, Counter reason);

  // commit_path.cc
  void submit(store::WriteBatch&& batch, std::unique_ptr<CommitTicket> ticket, CommitNeeds needs);
  void submit(store::WriteBatch batch, std::optional<ConnectionId> connection, SessionId session,
              CommitTicket::Work work, CommitNeeds needs = {}) override;
  void on_commit_finished(CommitFinished& finished);
  void finish(Connection* c, Session* session, PublishCommit& work, std::optional<Errc> error);
  void answer_publisher(Connection* c, Session* session, const PublishCommit& it, std::optional<Errc> error);
  void refuse_stored_publish(Connection& c, wire::PacketId id, QoS qos, Errc error);
  void finish(Connection* c, Session* session, PublishSeenAgain& work, std::optional<Errc> error);
  void finish(Connection* c, Session* session, InboundReleased& work, std::optional<Errc> error);
  void finish(Connection* c, Session* session, OutboundReleased& work, std::optional<Errc> error);
  void finish(Connection* c, Session* session, AnswerLater& work, std::optional<Errc> error);
  void finish(Connection* c, Session* session, EntriesErased& work, std::optional<Errc> error);
  void finish(Connection* c, Session* session, SubscriptionsStored& work, std::optional<Errc> error);
  void finish(Connection* c, Session* session, SessionStored& work, std::optional<Errc> error);
  void finish(Connection* c, Session* session, RetainedBarrier& work, std::optional<Errc> error);
  void finish(Connection* c, Session* session, RemainsBarrier& work, std::optional<Errc> error);
  void finish(Connection* c, Session* session, RemainsErased& work, std::optional<Errc> error);
  void finish(Connection* c, Session* session, QueueSettled& work, std::optional<Errc> error);
  void finish(Connection* c, Session* session, QueuesMade& work, std::optional<Errc> error);
  void finish(Connection* c, Session* session, QueueRecorded& work, std::optional<Errc> error);
  void finish(Connection* c, Session* session, QueueBarrier& work, std::optional<Errc> error);
  void finish(Connection* c, Session* session, QueueEndRecorded& work, std::optional<Errc> error);
  void finish(Connection* c, Session* session, QueueErased& work, std::optional<Errc> error);
  void finish(Connection* c, Session* session, MessagesMoved& work, std::optional<Errc> error);
  void finish(Connection* c, Session* session, DelayedCancelled& work, std::optional<Errc> error);
  void finish(Connection* c, Session* session, TransactionEnded& work, std::optional<Errc> error);
  void finish(Connection* c, Session* session, ClaimMade& work, std::optional<Errc> error);
  void finish(Connection* c, Session* session, SequencesTaken& work, std::optional<Errc> error);
  void finish(Connection* c, Session* session, StreamTrimmed& work, std::optional<Errc> error);
  void finish(Connection* c, Session* session, GroupRecorded& work, std::optional<Errc> error);
  void finish(Connection* c, Session* session, Recorded& work, std::optional<Errc> error);

  // write_again.cc
  void record(Session& session);
  void erase_records(store::WriteBatch batch, Recorded work = {}) override;
  void write_again_later(Session& session);
  void write_again_later() override;
  void write_again();

  const ShardId id_;
  const Shared shared_;
  ShardMailbox& mailbox_;
  net::TimerWheel& timers_;
  CounterBlock& counters_;
  ConnectionTable connections_;
  session::SessionTable sessions_;
  session::Deadlines deadlines_;
  net::Timer deadline_timer_;
  MonotonicTime deadline_timer_due_{};
  Outbox outbox_;
  MemberChoice members_;
  std::vector<store::Submission> submissions_;
  store::BatchMemory batch_memory_;  // for new ones
  CommitTickets tickets_{id_};
  std::uint64_t bytes_submitted_ = 0;  ///< and not finished
  std::uint64_t commits_in_flight_ = 0;
  std::uint64_t messages_shared_ = 0;  ///< ids given to messages that several queues share
  std::vector<ShardMessage> inbox_;

  // Kept between calls so that the hot path allocates nothing.
  topic::MatchSet matches_;
  std::vector<Target> targets_;
  std::vector<QueueTarget> queue_targets_;
  EntryProperties entry_properties_;
  std::string forwarded_properties_;

  OwnedQueues owned_;
  std::vector<ShardMessage> to_self_;       ///< about named queues; taken in the same tick
  std::vector<ShardMessage> said_to_self_;  ///< being taken
  std::vector<SessionId> to_pump_;          ///< they consume
  LeaseReports lease_reports_;
  absl::flat_hash_map<queue::WaiterId, std::unique_ptr<PendingPublication>> pending_;
  AskedPublications asked_;  ///< those of pending_ that are not submitted
  absl::flat_hash_map<SessionId, std::deque<LateWill>> late_wills_;
  std::uint64_t waiters_ = 0;
  absl::flat_hash_map<queue::WaiterId, MovingMessage> moving_;
  absl::flat_hash_map<ControlId, std::unique_ptr<ControlTask>> control_tasks_;
  absl::flat_hash_map<SessionId, std::deque<ControlId>> control_lines_;
  absl::flat_hash_map<QueueId, GoneQueue> gone_queues_;
  std::unique_ptr<DelayedDesk> delayed_;  ///< null: another shard owns them
  TransactionCalls transaction_calls_{*this};
  Voice voice_{*this};
  std::unique_ptr<TransactionDesk> transactions_;  ///< null: another shard owns them
  StreamReading reading_{*this, id_, shared_, sessions_, counters_};
  StreamFinding finding_{*this, id_, shared_};

  std::vector<Deliver> stranded_;  ///< of shared groups, whose member ended: drawn again in this tick
  absl::flat_hash_set<SessionId>
      holders_;  ///< group members that are away and may hold messages of the group
  absl::flat_hash_set<SessionId> hand_on_again_;  ///< look through their stored messages once more
  absl::flat_hash_map<SessionId, std::unique_ptr<Remains>> remains_;
  std::vector<SessionId> read_again_;  ///< the store could not be read for these
  MonotonicTime read_again_at_{};
  FailedReads failed_reads_;  ///< nor for these
  NotTaken not_taken_;
  GroupServing serving_{*this, id_, shared_, owned_, not_taken_, counters_};
  StreamThinning thinning_{*this, id_, shared_, owned_, not_taken_, counters_};
  std::vector<EarlyMessage> early_messages_;
  Barriers barriers_;  ///< who asks is answered behind this tick's submissions
  std::vector<SessionId> with_finished_entries_;
  std::vector<StreamId> ended_streams_;  ///< forgotten behind the submissions of their last tick
  std::vector<SessionId> congested_;
  std::vector<std::unique_ptr<Connection>> ended_;  ///< destroyed at the end of the tick
  std::vector<ConnectionId> retained_readers_;
  /// Of sessions without a connection, until the next one.
  absl::flat_hash_map<SessionId, std::vector<RetainedRead>> kept_reads_;
  std::vector<WaitingPublisher> waiting_publishers_;
  std::vector<ConnectionId> backlog_publishers_;
  std::optional<MonotonicTime> tick_now_;
  std::optional<WallTime> tick_wall_;
  bool stopping_ = false;
};

}  // namespace hermod::broker
