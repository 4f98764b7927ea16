#pragma once
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/counters.h"
#include "base/ids.h"
#include "broker/commit_ticket.h"
#include "broker/queue_message.h"
#include "broker/retained_read.h"
#include "broker/transaction_message.h"
#include "queue/delayed_records.h"
#include "queue/queue_window.h"
#include "queue/stream_window.h"
#include "session/session.h"

namespace hermod::broker {

/// A message for one session of the receiving shard. `seq` is 0 unless the committer gave it.
struct Deliver {
  SessionId session;
  Seq seq;
  queue::Delivery delivery;
};

/// The same before it is on disk, of a message of QoS 1 whose sequence may be told. A hint: it comes again as
/// Deliver, unless its session has acknowledged it by then.
struct DeliverEarly {
  SessionId session;
  Seq seq;
  queue::Delivery delivery;
};

/// The commit of a message for this session failed: its place in the queue's limits is free again, and its
/// sequence, if it had one, is never filled.
struct SkipSequence {
  SessionId session;
  Seq seq;
  std::uint64_t bytes = 0;
};

/// A commit of this shard is done; `error` tells whether it reached the store.
struct CommitFinished {
  std::unique_ptr<CommitTicket> ticket;
  std::optional<Errc> error;
};

/// Connection `claimer` wants the session; the receiver owns it (or owned it until just now).
struct TakeOver {
  std::string client_id;
  SessionId session;
  ConnectionId claimer;
};

/// The answer: the session itself, or null when it had ended and the claimer begins a fresh one under `id`.
struct SessionGranted {
  ConnectionId claimer;
  std::string client_id;
  SessionId id;
  std::unique_ptr<session::Session> session;
  std::vector<RetainedRead> retained_reads{};  ///< unfinished ones of the session
};

/// A value the broker publishes about itself: to subscribers at QoS 0, retained in memory only.
struct Announce {
  queue::MessagePtr message;
};

/// A delayed message is durable; for the shard that owns them.
struct DelayedStored {
  Seq seq;
  std::unique_ptr<queue::DelayedMessage> delayed;
};

/// Members of shared groups are connected now: what other members hold for them while they are away goes to
/// them. Sent to every shard.
struct MembersConnected {};

/// The message that an entry of this shard's session was kept for is with somebody else for good.
struct LoanSettled {
  queue::Loan loan;
};

/// A message was dropped on its way to a session of this shard, and somebody listens for such; it is counted.
struct DroppedForSession {
  SessionId session;
  Counter why{};
  queue::MessagePtr message;
};

/// Another shard waits: answer when what was matched here so far is with the committer.
struct AskSubmitted {
  ShardId asker;
  std::uint64_t barrier = 0;  ///< its number there
  bool behind_asked = true;   ///< also behind what waits for the owners of named queues
};
/// The answer.
struct Submitted {
  std::uint64_t barrier = 0;
};

/// Answer that every failed commit posted before is heard of.
struct HearFailures {};

/// What a PageRead brings to a reader of a stream.
struct StreamPage {
  SessionId reader;  ///< or the id of a consumer group, or the number of a search
  Seq stored;        ///< everything before was in the store when the page was asked for
  std::vector<queue::StreamEntry> entries{};
};

/// Entries of a session's queue, or of a named queue or a stream, that a PageReader has read from the store.
struct PageRead {
  enum class Purpose {
    Window,   ///< the window has room for them
    HandOn,   ///< other members of shared groups may have some of them
    Remains,  ///< the same, of a session that has ended
    // Of delayed messages, whose stream has the number of `session`.
    Delayed,         ///< they are due soon
    DelayedLooking,  ///< a command is about them
    Transaction,     ///< messages of a transaction that is committed
    Stream,          ///< a reader of the stream with the number of `session` goes on; see StreamPage
    StreamGroup,     ///< a consumer group does
    StreamFinding,   ///< somebody looks for messages in it
    StreamThinning,  ///< its owner looks for keys that have newer messages
    // Of a named queue, whose stream has the number of `session`; the entries' messages alone are filled in.
    QueueLending,
    QueueLooking,
    QueueEvicting,
    QueueShowing,
    QueueDying,  ///< they go into a batch of dead letters
  };
  struct Damaged {
    Seq seq;
    std::string why;
  };
  struct Delayed {
    Seq seq;
    queue::DelayedMessage delayed;
  };
  struct Prepared {
    Seq seq;
    std::shared_ptr<const queue::PreparedMessage> prepared;
  };
  SessionId session;
  Purpose purpose{};
  Seq from{};  ///< where they were asked for
  std::vector<queue::Entry> entries{};
  std::vector<Delayed> delayed{};    ///< in place of entries
  std::vector<Prepared> prepared{};  ///< the same
  std::vector<Damaged> damaged{};    ///< stay where they are and are sent to nobody
  Seq end{};                         ///< the store has no others from where they were asked for up to here
  bool to_end = false;               ///< nor behind that
  bool failed = false;               ///< the store could not be read
  std::unique_ptr<StreamPage> stream{};
};

/// A queue is deleted: subscriptions to it end on every shard, also those of sessions that are away.
/// SubscribersForgotten is the answer.
struct QueueGone {
  QueueId queue;
  std::string name;
};
/// Every shard has answered: no session is on its way any more that has not heard of it.
struct QueueForgotten {
  QueueId queue;
};

/// Say goodbye to every client and close. [operations: SIGTERM]
struct StopServing {};

/// Everything shards say to each other: plain values, no references into another shard.
using ShardMessage =
    std::variant<Deliver, DeliverEarly, SkipSequence, CommitFinished, TakeOver, SessionGranted, Announce,
                 DelayedStored, MembersConnected, LoanSettled, DroppedForSession, AskSubmitted, Submitted,
                 HearFailures, PageRead, ToQueue, FromQueue, QueueGone, QueueForgotten, ToTransactions,
                 TransactionAnswered, StopServing>;

}  // namespace hermod::broker
