#pragma once
#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/thread_checker.h"
#include "qos/inbound_flow.h"
#include "qos/outbound_flow.h"
#include "queue/queue_window.h"
#include "session/ack_pace.h"
#include "session/options.h"
#include "session/queue_consumers.h"
#include "session/stream_readers.h"
#include "session/subscriptions.h"
#include "session/will.h"
#include "wire/types.h"

namespace hermod::session {

/// Session state as MQTT 5 section 4.1 lists it: subscriptions, unfinished QoS 1 and 2 exchanges in both
/// directions, messages waiting, will, expiry. It decides and records; it never sends and never commits.
/// Owned by the SessionTable of one shard and touched by that shard; moves to another shard whole, and only
/// while no commit that concerns it is in flight.
class Session {
 public:
  static constexpr std::uint32_t kNeverExpires = 0xFFFFFFFF;

  Session(SessionId id, std::string client_id, bool durable, const Options& options);

  SessionId id() const { return id_; }
  const std::string& client_id() const { return client_id_; }
  /// The stream of the store that is this session's queue.
  StreamId stream() const { return StreamId{id_.v}; }

  /// Seconds the session outlives its connection; 0: it ends with it. [MQTT-3.1.2-23]
  std::uint32_t expiry_interval() const { return expiry_interval_; }
  void set_expiry_interval(std::uint32_t seconds) { expiry_interval_ = seconds; }
  bool outlives_connection() const { return expiry_interval_ > 0; }
  /// Whether it is kept in the store, as decided when it began: then its queue's sequences come from the
  /// committer, and everything it acknowledges waits for a commit. Stays so when the client lowers the
  /// expiry.
  bool is_durable() const { return durable_; }

  /// The connection bound to it; at most one. [MQTT-3.1.4-3]
  const std::optional<ConnectionId>& connection() const { return connection_; }
  bool is_online() const { return connection_.has_value(); }
  /// A connection begins: quotas start again, identifiers in flight stay.
  void bind(ConnectionId connection, std::uint16_t our_receive_maximum, std::uint16_t client_receive_maximum);
  /// The connection is gone; everything after this is another absence.
  void unbind();
  /// Since when no connection is bound to it, in wall time; nothing while one is.
  const std::optional<WallTime>& absent_since() const { return absent_since_; }
  void set_absent_since(WallTime since) { absent_since_ = since; }
  /// For its record: entries below this sequence may be with the client already, or leave with no more ado
  /// while it is connected; all others are not.
  Seq sent_before() const;
  /// The record should allow more than it does. Precondition: a connection is bound.
  bool should_reach_on() const;
  /// The next record allows what is sent next. Precondition: a connection is bound.
  void reach_on();
  /// A record that says so is durable.
  void allow_before(Seq seq) { allowed_before_ = std::max(allowed_before_, seq); }
  /// The entry may be sent: a start will know that it was. Always true when nothing survives a start.
  bool may_send(Seq seq) const { return !durable_ || seq < allowed_before_; }
  /// Counts how often the session lost its connection; tells old deadlines from current ones.
  std::uint32_t absence() const { return absence_; }

  qos::InboundFlow& inbound() { return inbound_; }
  const qos::InboundFlow& inbound() const { return inbound_; }
  qos::OutboundFlow& outbound() { return outbound_; }
  queue::QueueWindow& queue() { return queue_; }
  const queue::QueueWindow& queue() const { return queue_; }
  Subscriptions& subscriptions() { return subscriptions_; }
  const Subscriptions& subscriptions() const { return subscriptions_; }

  const Will* will() const { return will_.get(); }
  void set_will(std::unique_ptr<Will> will) { will_ = std::move(will); }
  std::unique_ptr<Will> take_will() { return std::move(will_); }

  /// Commits in flight that name this session; while there are any it stays where it is.
  void commit_started() { ++commits_in_flight_; }
  void commit_finished();
  bool has_commits_in_flight() const { return commits_in_flight_ > 0; }

  /// Who gets the session once its last commit is done.
  const std::optional<ConnectionId>& successor() const { return successor_; }
  void set_successor(ConnectionId claimer) { successor_ = claimer; }
  void clear_successor() { successor_.reset(); }

  /// Entries whose exchange is finished and whose erase is not handed to the committer yet.
  std::vector<Seq>& finished() { return finished_; }

  /// What it has of named queues; null: nothing.
  QueueConsumers* consumers() { return consumers_.get(); }
  QueueConsumers& make_consumers() {
    if (!consumers_) consumers_ = std::make_unique<QueueConsumers>();
    return *consumers_;
  }

  /// What it has of streams; null: nothing.
  StreamReaders* readers() { return readers_.get(); }
  StreamReaders& make_readers() {
    if (!readers_) readers_ = std::make_unique<StreamReaders>();
    return *readers_;
  }

  /// It is or was a member of a shared group.
  bool is_group_member = false;
  AckPace ack_pace;
  /// What its slot says of its quota and of its pace, if it is that or durable.
  bool shown_busy = false;
  bool shown_late = false;

  /// Of the open exchange that the log says to be in the way of others; zero: of none.
  wire::PacketId told_identifier;

  /// Its last record could not be written.
  bool record_is_old = false;

  /// Publishers were told to wait for this session since then; nothing: they were not.
  std::optional<MonotonicTime> congested_since;

  /// When the message at the head of the queue is looked at again, because it expires; nothing: it does not.
  std::optional<MonotonicTime> expiry_watch;

  /// Lets the next shard take over.
  ThreadChecker& thread() { return thread_; }

 private:
  const SessionId id_;
  const std::string client_id_;
  const bool durable_;
  const std::uint16_t max_inflight_;
  std::uint32_t expiry_interval_ = 0;
  std::uint32_t absence_ = 0;
  std::uint32_t commits_in_flight_ = 0;
  std::optional<ConnectionId> connection_;
  std::optional<WallTime> absent_since_;
  Seq reached_{};         // what records say while a connection is bound
  Seq allowed_before_{};  // what a durable one says
  std::optional<ConnectionId> successor_;
  qos::InboundFlow inbound_;
  qos::OutboundFlow outbound_;
  queue::QueueWindow queue_;
  Subscriptions subscriptions_;
  std::unique_ptr<Will> will_;
  std::vector<Seq> finished_;
  std::unique_ptr<QueueConsumers> consumers_;
  std::unique_ptr<StreamReaders> readers_;
  ThreadChecker thread_;
};

}  // namespace hermod::session
