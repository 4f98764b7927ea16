#include "broker/shard.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "broker/pending_connect.h"
#include "broker/reason_for.h"
#include "broker/store_keeper.h"
#include "session/records.h"

namespace hermod::broker {

using session::Session;
using wire::ReasonCode;

namespace {

/// How often congested receivers and the publishers that wait for them are looked at.
constexpr std::chrono::milliseconds kCongestionCheck{10};

}  // namespace

Shard::Shard(ShardId id, const Shared& shared, ShardMailbox& mailbox, net::TimerWheel& timers,
             CounterBlock& counters)
    : id_(id),
      shared_(shared),
      mailbox_(mailbox),
      timers_(timers),
      counters_(counters),
      connections_(id),
      deadline_timer_(*this),
      outbox_(shared.mailboxes),
      members_(shared.directory.slots()) {
  if (id == kDelayedOwner)
    delayed_ = std::make_unique<DelayedDesk>(
        *this, std::make_unique<queue::DelayedMessages>(queue::DelayedMessages::Limits{},
                                                        /*is_readable=*/shared.reader != nullptr));
  if (id == kTransactionOwner)
    transactions_ = std::make_unique<TransactionDesk>(
        *this, std::make_unique<queue::TransactionTable>(shared.options.transactions));
}

Shard::~Shard() = default;

MonotonicTime Shard::now() {
  if (!tick_now_) tick_now_ = shared_.clock.now();
  return *tick_now_;
}

WallTime Shard::wall() {
  if (!tick_wall_) tick_wall_ = shared_.clock.wall();
  return *tick_wall_;
}

/// The address whose connections are counted; empty: none. Who comes by a Unix socket is on this machine, and
/// a proxy comes for a client that it has not named yet.
std::optional<net::SocketAddress> Shard::counted_address(const net::Transport& transport,
                                                         const AddressLimits::Own* own) const {
  if (!shared_.addresses.is_limited(own)) return std::nullopt;
  const net::Peer peer = transport.peer();
  if (peer.is_unix() || peer.is_proxy) return std::nullopt;
  auto address = net::SocketAddress::parse(peer.address, 0);
  return address ? std::optional(*address) : std::nullopt;
}

/// Behind a proxy the client's address comes with the request for a WebSocket only.
bool Shard::on_introduced(Connection& c) {
  const std::optional<net::SocketAddress> address = counted_address(c.transport(), c.own_limit);
  if (address == c.counted_address) return true;
  if (address && !shared_.addresses.enter(*address, c.own_limit).empty())
    return false;  // counted where it is refused
  if (c.counted_address) shared_.addresses.leave(*c.counted_address, c.own_limit);
  c.counted_address = address;
  return true;
}

void Shard::on_accepted(std::unique_ptr<net::Transport> transport, const net::ListenerOptions& listener) {
  counters_.add(Counter::ConnectionsAccepted);
  AddressLimits::Own* const own = shared_.addresses.of_listener(listener.name);
  const std::optional<net::SocketAddress> address = counted_address(*transport, own);
  if (address) {
    if (const std::string limit = shared_.addresses.enter(*address, own); !limit.empty()) {
      counters_.add(Counter::ConnectionsRefused);
      HERMOD_LOG_LIMITED(log::Level::Notice, "connection.refused", {"address", address->host()},
                         {"why", limit + " is reached"});
      return;  // closed with the transport
    }
  }
  shared_.connections.fetch_add(1, std::memory_order_relaxed);
  wire::Limits limits;
  limits.maximum_packet_size = shared_.options.mqtt.max_packet_size;
  limits.maximum_connect_size =
      std::min(shared_.options.mqtt.max_connect_size, shared_.options.mqtt.max_packet_size);
  limits.maximum_user_properties = shared_.options.mqtt.max_user_properties;
  limits.maximum_filters = shared_.options.mqtt.max_filters;
  auto& c = connections_.add(
      std::make_unique<Connection>(connections_.next_id(), *this, std::move(transport), limits));
  c.counted_address = address;
  c.own_limit = own;
  c.inbound_aliases().set_maximum(shared_.options.mqtt.topic_alias_maximum);
  timers_.schedule(c.timer(), now() + shared_.options.mqtt.connect_timeout);
}

void Shard::adopt(std::unique_ptr<Session> owned, std::vector<RetainedRead> retained_reads) {
  Session& session = sessions_.add(std::move(owned));
  if (session.is_group_member) holders_.insert(session.id());
  if (!retained_reads.empty()) kept_reads_[session.id()] = std::move(retained_reads);
  limit_window(session);
  set_absence_deadlines(session);
  watch_expiry(session);
  tick_now_.reset();  // the first tick is later
  tick_wall_.reset();
}

void Shard::adopt_queue(std::unique_ptr<OwnedQueue> owned) {
  OwnedQueue& queue = *owned;
  owned_.all.emplace(queue.named->id, std::move(owned));
  bound_memory(queue);
  serving_.link(queue);
  queue.group.resume(moment());
  touch(queue);
  tick_now_.reset();
  tick_wall_.reset();
}

void Shard::adopt_delayed(std::unique_ptr<queue::DelayedMessages> messages) {
  delayed_->adopt(std::move(messages));
}

void Shard::adopt_transactions(std::unique_ptr<queue::TransactionTable> table) {
  transactions_->adopt(std::move(table));
}

void Shard::catch_up() {
  on_timer(deadline_timer_);
  if (!owned_.touched.empty()) tick_soon();  // there is a first tick for them
  tick_now_.reset();
  tick_wall_.reset();
}

bool Shard::step() {
  mailbox_.drain(inbox_);
  for (ShardMessage& message : inbox_) receive(message);
  bool more = false;
  if (!retained_readers_.empty()) more = send_retained_slices();
  if (!stranded_.empty()) redispatch_stranded();
  if (!gone_queues_.empty()) forget_subscribers();
  if (delayed_ && delayed_->has_any() && delayed_->publish_slice()) more = true;
  if (transactions_ && transactions_->run_due()) more = true;
  if (run_queues()) more = true;
  if (voice_.has_any() && voice_.say()) more = true;
  if (!gone_queues_.empty() && is_forgetting()) more = true;
  if (!with_finished_entries_.empty()) submit_finished_entries();
  // Direct deliveries first: a commit that follows them must not overtake them on its way to the same shard.
  outbox_.post_all();
  if (!submissions_.empty()) shared_.committer.submit_all(submissions_, &batch_memory_);
  if (barriers_.has_asks()) answer_submitted();
  for (const StreamId stream : ended_streams_) shared_.committer.forget(stream);
  ended_streams_.clear();
  ended_.clear();
  tick_now_.reset();
  tick_wall_.reset();
  return more || !stranded_.empty();
}

void Shard::receive(ShardMessage& message) {
  struct Receiver {
    Shard& shard;
    void operator()(Deliver& m) { shard.deliver(m.session, m.seq, std::move(m.delivery)); }
    void operator()(DeliverEarly& m) { shard.deliver_early(m.session, m.seq, std::move(m.delivery)); }
    void operator()(SkipSequence& m) { shard.skip_sequence(m); }
    void operator()(CommitFinished& m) { shard.on_commit_finished(m); }
    void operator()(TakeOver& m) { shard.on_take_over(m); }
    void operator()(SessionGranted& m) { shard.on_session_granted(m); }
    void operator()(Announce& m) { shard.announce(m.message); }
    void operator()(DelayedStored& m) { shard.delayed_->on_stored(m); }
    void operator()(MembersConnected&) { shard.hand_on_held(); }
    void operator()(LoanSettled& m) { shard.on_loan_settled(m); }
    void operator()(DroppedForSession& m) { shard.voice_.on_dropped(m); }
    void operator()(AskSubmitted& m) { shard.barriers_.on_ask(m, m.behind_asked ? shard.asked_.last() : 0); }
    void operator()(Submitted& m) { shard.on_submitted(m); }
    void operator()(HearFailures&) {
      if (shard.shared_.keeper != nullptr) shard.shared_.keeper->heard();
    }
    void operator()(PageRead& m) { shard.on_page_read(m); }
    void operator()(ToQueue& m) { shard.on_queue_told(m); }
    void operator()(FromQueue& m) { shard.on_told_by_queue(m); }
    void operator()(QueueGone& m) { shard.on_queue_gone(m); }
    void operator()(QueueForgotten& m) { shard.on_queue_forgotten(m); }
    void operator()(ToTransactions& m) { shard.transactions_->on_told(m); }
    void operator()(TransactionAnswered& m) { shard.transaction_calls_.on_answered(m); }
    void operator()(StopServing&) { shard.stop_serving(); }
  };
  std::visit(Receiver{*this}, message);
}

void Shard::on_packet(Connection& c, const wire::Packet& packet) {
  struct Receiver {
    Shard& shard;
    Connection& c;
    void operator()(const wire::Connect& p) { shard.on_connect(c, p); }
    void operator()(const wire::Publish& p) { shard.on_publish(c, p); }
    void operator()(const wire::Ack& p) { shard.on_ack(c, p); }
    void operator()(const wire::Subscribe& p) { shard.on_subscribe(c, p); }
    void operator()(const wire::Unsubscribe& p) { shard.on_unsubscribe(c, p); }
    void operator()(const wire::Pingreq&) { shard.on_pingreq(c); }
    void operator()(const wire::Disconnect& p) { shard.on_disconnect(c, p); }
    void operator()(const wire::Auth&) {
      shard.disconnect(c, ReasonCode::ProtocolError,
                       "AUTH without an authentication method");  // [MQTT-4.12.0-6]
    }
    // The decoder of a server lets none of these through.
    void operator()(const wire::Connack&) { HERMOD_ASSERT(false); }
    void operator()(const wire::Suback&) { HERMOD_ASSERT(false); }
    void operator()(const wire::Unsuback&) { HERMOD_ASSERT(false); }
    void operator()(const wire::Pingresp&) { HERMOD_ASSERT(false); }
  };
  counters_.add(Counter::PacketsReceived);
  c.touch(now());
  std::visit(Receiver{*this, c}, packet);
  // A client that does not read its own answers is not read either.
  if (c.state() == Connection::State::Connected && c.unsent_bytes() >= shared_.options.limits.outbound_buffer)
    c.pause(Connection::Pause::Output);
}

void Shard::on_pingreq(Connection& c) {
  wire::encode(c.output(), c.version(), wire::Pingresp{});  // [MQTT-3.12.4-1]
  c.flush();
  counters_.add(Counter::PacketsSent);
}

void Shard::on_protocol_error(Connection& c, const wire::ProtocolError& error) {
  counters_.add(Counter::ProtocolErrors);
  HERMOD_LOG_LIMITED(log::Level::Notice, "client.protocol_error", {"address", c.transport().peer().address},
                     {"client", c.session() != nullptr ? c.session()->client_id() : std::string()},
                     {"reason", wire::name_of(error.reason)}, {"code", code_of(error.reason)},
                     {"clause", error.clause}, {"why", error.detail});
  if (c.state() == Connection::State::Connected) return disconnect(c, error.reason, error.detail);
  if (error.answer == wire::Answer::Connack) return refuse_connect(c, error.reason, error.detail);
  close_connection(
      c, WillRule::Publish,
      {"broker", error.reason, error.detail});  // [MQTT-3.1.0-1]: no answer to what is not a CONNECT
}

void Shard::start_keep_alive(Connection& c) {
  c.touch(now());
  timers_.cancel(c.timer());
  if (c.agreement().keep_alive != 0)
    timers_.schedule(c.timer(), now() + std::chrono::milliseconds(c.agreement().keep_alive * 1500));
}

/// CONNECT did not arrive in time, or nothing did for one and a half Keep Alive periods. [MQTT-3.1.2-22]
void Shard::on_connection_timer(Connection& c) {
  if (c.state() == Connection::State::AwaitConnect || c.state() == Connection::State::Claiming) {
    counters_.add(Counter::ConnectTimeouts);
    if (c.state() == Connection::State::Claiming)
      return refuse_connect(c, ReasonCode::ServerUnavailable, "the session could not be had in time");
    return close_connection(c, WillRule::Discard, {"broker", {}, "no CONNECT in time"});
  }
  if (c.state() != Connection::State::Connected) return;
  const auto due = c.last_arrival() + std::chrono::milliseconds(c.agreement().keep_alive * 1500);
  if (c.is_held_up()) {
    timers_.schedule(c.timer(), now() + std::chrono::milliseconds(c.agreement().keep_alive * 1500));
  } else if (due > now()) {
    timers_.schedule(c.timer(), due);
  } else {
    counters_.add(Counter::KeepAliveTimeouts);
    disconnect(c, ReasonCode::KeepAliveTimeout, "no packet within one and a half Keep Alive periods");
  }
}

void Shard::on_output_drained(Connection& c) {
  if (c.state() != Connection::State::Connected) return;
  c.resume(Connection::Pause::Output, now());
  Session& session = *c.session();
  pump(session);
  if (session.congested_since) watch_congestion(session);
  // Often this is the end of a tick: nothing else would wake the shard for the next slice, or for what queues
  // have to hear, and the next tick has its own time.
  const bool goes_on = !c.retained_reads.empty() || !to_self_.empty() || session.consumers() != nullptr;
  if (goes_on) tick_soon();
  tick_now_.reset();
  tick_wall_.reset();
}

/// The transport is gone. A client that did not say goodbye has its will published. [MQTT-3.1.2-8]
void Shard::on_connection_closed(Connection& c, net::CloseReason reason) {
  counters_.add(Counter::ConnectionsClosed);
  if (c.counted_address) shared_.addresses.leave(*c.counted_address, c.own_limit);
  if (c.state() != Connection::State::Closing) shared_.connections.fetch_sub(1, std::memory_order_relaxed);
  Session* session = c.session();
  const bool was_connected = c.state() == Connection::State::Connected;
  if (was_connected) counters_.add(Counter::ClientsDisconnected);
  c.set_session(nullptr);
  c.set_state(Connection::State::Closing);
  ended_.push_back(connections_.take(c.id()));
  if (session == nullptr) return;
  if (was_connected) tell_disconnected(*ended_.back(), *session, ending_of_transport(reason));
  keep_retained_reads(*ended_.back(), *session);
  leave_session(*session, WillRule::Publish);
  // Often this is the end of a tick: others would hear of it with the next event only.
  tick_soon();
  tick_now_.reset();
  tick_wall_.reset();
}

void Shard::skip_sequence(const SkipSequence& skip) {
  Session* session = sessions_.find(skip.session);
  if (session == nullptr) return follow_session(skip.session, skip);
  if (skip.seq.v != 0 && session->queue().has_had(skip.seq))
    return;  // the client has it, and will acknowledge it
  shared_.directory.slots().release(skip.session, 1, skip.bytes);
  if (skip.seq.v != 0) session->queue().skip(skip.seq);
  pump(*session);
}

/// A message for a session that is not here: it is on its way to this shard, or lives on another, or has
/// ended.
void Shard::follow_session(SessionId id, ShardMessage message) {
  const auto where = shared_.directory.slots().locate(id);
  if (!where) {
    if (auto* deliver = std::get_if<Deliver>(&message)) strand(*deliver);
  } else if (where->shard == id_) {
    early_messages_.push_back({id, std::move(message)});
  } else {
    outbox_.send(where->shard, std::move(message));
  }
}

/// What arrived ahead of the session itself, in order.
void Shard::take_early_messages(Session& session) {
  if (early_messages_.empty()) return;
  std::vector<EarlyMessage> early;
  early.swap(early_messages_);
  for (EarlyMessage& one : early) {
    if (one.session == session.id()) {
      receive(one.message);
    } else if (shared_.directory.slots().locate(one.session)) {
      early_messages_.push_back(std::move(one));
    } else if (auto* deliver = std::get_if<Deliver>(&one.message)) {
      strand(*deliver);
    }
  }
}

/// Whatever is due then, and whatever else happens before.
void Shard::tick_soon() {
  deadline_timer_due_ = now();
  timers_.schedule(deadline_timer_, deadline_timer_due_);
}

/// Arms the one timer for everything that is due without a packet.
void Shard::schedule_deadlines() {
  std::optional<MonotonicTime> due = deadlines_.next_due();
  if (!waiting_publishers_.empty() || !congested_.empty()) {
    const MonotonicTime check = now() + kCongestionCheck;
    if (!due || check < *due) due = check;
  }
  if (const auto queue = owned_.due.next_due(); queue && (!due || *queue < *due)) due = *queue;
  if (delayed_ && delayed_->has_any() && !stopping_)
    if (const auto delayed = delayed_->next(moment()); delayed && (!due || *delayed < *due)) due = *delayed;
  if (transactions_ && !stopping_)
    if (const auto next = transactions_->next(); next && (!due || *next < *due)) due = *next;
  if (!read_again_.empty() && (!due || read_again_at_ < *due)) due = read_again_at_;
  if (const auto again = failed_reads_.next_due(); again && (!due || *again < *due)) due = *again;
  if (const auto record = reading_.next_record(); record && (!due || *record < *due)) due = *record;
  if (not_taken_.any() && (!due || not_taken_.again_at < *due)) due = not_taken_.again_at;
  // Only ever moved forward: inside the advance() in which it is due it would else be put off to the next.
  if (!due || (deadline_timer_.scheduled() && deadline_timer_due_ <= *due)) return;
  deadline_timer_due_ = *due;
  timers_.schedule(deadline_timer_, *due);
}

void Shard::on_timer(net::Timer&) {
  while (const auto deadline = deadlines_.take_due(now())) {
    Session* session = sessions_.find(deadline->session);
    if (deadline->kind == session::DeadlineKind::MessageExpiry) {
      if (session != nullptr && session->expiry_watch == deadline->due) drop_expired(*session);
      continue;
    }
    if (session == nullptr || session->is_online() || session->absence() != deadline->absence ||
        session->successor())
      continue;
    if (deadline->kind == session::DeadlineKind::WillDelay) {
      if (publish_will(*session)) continue;
      record(*session);
    } else {
      counters_.add(Counter::SessionsExpired);
      end_session(*session, Counter::DroppedSessionEnded);  // [MQTT-4.1.0-2]
    }
  }
  advance_queues();
  check_congestion();
  read_again();
  read_queues_again();
  reading_.record_due();
  write_again();
  schedule_deadlines();
}

bool Shard::is_drained() const {
  return stopping_ && connections_.size() == 0 && pending_.empty() && !voice_.has_any();
}

/// SIGTERM: every client hears 0x8B and is closed; nobody new is let in.
void Shard::stop_serving() {
  stopping_ = true;
  std::vector<Connection*> open;
  connections_.for_each([&](Connection& c) { open.push_back(&c); });
  for (Connection* c : open) {
    if (c->state() == Connection::State::Connected) {
      disconnect(*c, ReasonCode::ServerShuttingDown, "the broker is stopping");
    } else {
      close_connection(*c, WillRule::Discard,
                       {"broker", ReasonCode::ServerShuttingDown, "the broker is stopping"});
    }
  }
}

}  // namespace hermod::broker
