#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/counters.h"
#include "base/ids.h"
#include "broker/commit_ticket.h"
#include "broker/connection.h"
#include "broker/entry_properties.h"
#include "broker/granting.h"
#include "broker/queue_message.h"
#include "broker/shard_message.h"
#include "broker/shared.h"
#include "session/session.h"
#include "session/session_table.h"
#include "wire/encoder.h"

namespace hermod::broker {

/// An exchange of a session whose message is not in the session's own queue: of a named queue or of a stream.
struct LentExchange {
  Seq own;  ///< the sequence of the session's own stream that decides the packet identifier
  wire::PacketId id;
};

/// What the reading of streams needs of its shard.
class StreamReadingHost {
 public:
  virtual MonotonicTime now() = 0;
  virtual WallTime wall() = 0;
  virtual void tell_queue(QueueId queue, ToQueue::Message message) = 0;
  virtual void pump(session::Session& session) = 0;
  virtual void pump_soon(SessionId session) = 0;
  virtual void read_again_later(SessionId session) = 0;
  virtual void tell_damaged(const PageRead& page, std::string_view queue) = 0;
  virtual void schedule_deadlines() = 0;
  virtual wire::OutboundPublish publish_for(const Connection& c, const queue::Message& message,
                                            wire::QoS qos) = 0;
  virtual void write_publish(Connection& c, wire::OutboundPublish out, const queue::MessagePtr& message) = 0;
  /// Nothing: it has to wait.
  virtual std::optional<LentExchange> start_lent(session::Session& session, wire::QoS qos) = 0;
  virtual void submit(store::WriteBatch batch, std::optional<ConnectionId> connection, SessionId session,
                      CommitTicket::Work work, CommitNeeds needs) = 0;
  virtual void erase_records(store::WriteBatch batch, Recorded work) = 0;

 protected:
  ~StreamReadingHost() = default;
};

/// Where a SUBSCRIBE says that its readers begin. Errors: Invalid.
Result<queue::StreamStart> start_in(const wire::Subscribe& packet);

/// The reader's side of streams: the sessions of a shard read from where they stand, page by page while they
/// are behind and as entries are stored at the end, as far as their connections take them. Owned by its
/// shard, touched by its thread, lives as long; the readers themselves belong to their sessions. ADR 0029.
class StreamReading {
 public:
  StreamReading(StreamReadingHost& host, ShardId shard, const Shared& shared, session::SessionTable& sessions,
                CounterBlock& counters)
      : host_(host), shard_(shard), shared_(shared), sessions_(sessions), counters_(counters) {}

  // SUBSCRIBE and UNSUBSCRIBE.

  /// The granted QoS, or why not, which `why` says in words.
  wire::ReasonCode grant(Granting& it) const;
  /// The session has subscribed, or again: it stands where that says.
  void begin(session::Session& session, const SubscriptionRequest& request);
  /// It has unsubscribed. What is with the client ends as ever; another subscription of the session to the
  /// same stream goes on.
  void end(session::Session& session, std::string_view filter);
  /// The session does not read the stream any more. How many records of that `batch` erases.
  std::size_t forget(session::Session& session, QueueId stream, store::WriteBatch& batch);

  // Connections.

  /// One has begun: each reader goes on where its client has acknowledged nothing.
  void resume(session::Session& session);
  /// It is gone, and with it every exchange: what was not acknowledged is read again. Precondition: the
  /// session has readers; this one, too.
  void stop(session::Session& session);
  /// Sends what the connection takes, behind everything else that waits for the session.
  void pump(Connection& c, session::Session& session);
  /// The client has answered an entry of a stream. False: it was none.
  bool settle(session::Session& session, Seq own, const wire::Ack& packet);

  // What comes from the stream.

  void on_grown(QueueId stream, const StreamGrew& grown);
  /// A page for a reader that has gone, or stands elsewhere now, is nobody's. What cannot be read is tried
  /// again.
  void on_page(PageRead& page);

  // Where readers stand, for the next start.

  void record_due();
  /// When something will have to be recorded; nothing: it has not changed.
  std::optional<MonotonicTime> next_record() const;

 private:
  static void take_options(session::StreamReader& reader, const session::Subscription& subscription);
  void attach(session::Session& session, session::StreamReader& reader);
  void read_ahead(const session::Session& session, session::StreamReader& reader);
  bool send(Connection& c, session::Session& session, session::StreamReader& reader,
            const queue::StreamEntry& entry);
  void record_later(session::Session& session);
  void record(session::Session& session);

  StreamReadingHost& host_;
  const ShardId shard_;
  const Shared& shared_;
  session::SessionTable& sessions_;
  CounterBlock& counters_;
  std::size_t attached_ = 0;          ///< readers with a connection
  std::vector<SessionId> to_record_;  ///< they have gone on
  MonotonicTime record_at_{};
  EntryProperties properties_;
};

}  // namespace hermod::broker
