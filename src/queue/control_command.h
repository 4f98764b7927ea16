#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "queue/queue_definition.h"
#include "queue/stream_form.h"

namespace hermod::queue {

// What somebody wants of named queues, whatever way it came: $CONTROL/queue/v1, HTTP, command line. Plain
// values, checked as far as that goes without the queues: every name is one, every option has a value that it
// takes. Whether topic filters are well formed is for topic/ to say, and whether a queue is there for whoever
// carries the command out.

/// Its definition has passed check().
struct CreateQueue {
  QueueDefinition definition;
};

/// Other options of a queue that is there; what is not named stays.
struct EditQueue {
  std::string name;
  std::optional<std::vector<std::string>> bind;
  /// Names and values, as set_option() takes them.
  std::vector<std::pair<std::string, std::string>> options;

  /// What `from` becomes, in which only check() and check_change() can find fault.
  QueueDefinition applied_to(QueueDefinition from) const;
};

struct DeleteQueue {
  std::string name;
  bool is_forced = false;  ///< also with messages inside, which are lost
};
/// Everything leaves that no consumer has.
struct PurgeQueue {
  std::string name;
};
/// Nobody gets anything more, until it is resumed; messages still come in.
struct PauseQueue {
  std::string name;
};
struct ResumeQueue {
  std::string name;
};

/// A look at messages that changes nothing.
struct PeekQueue {
  std::string name;
  Seq from{};                         ///< the first one looked at, or the next behind it
  std::uint32_t count = 10;           ///< 1 to 1000
  std::uint32_t payload_bytes = 256;  ///< so much is shown of each payload; 64 KiB at most, 1 MiB in all
};

/// To the end of another queue, in their order.
struct MoveMessages {
  std::string name;
  std::string to;                      ///< another one
  std::optional<Seq> offset;           ///< only this message
  std::optional<std::uint64_t> count;  ///< so many from the front; nothing: all that are there now
};

/// Dead letters go back: each to the queue in which it died last.
struct RedriveQueue {
  std::string name;                    ///< the dead-letter queue
  std::optional<std::string> to;       ///< all of them to this one
  std::optional<std::uint64_t> count;  ///< so many from the front; nothing: all that are there now
};

/// In the order of names.
struct ListQueues {
  std::string after;          ///< only those behind this name; empty: from the first
  std::uint32_t count = 100;  ///< 1 to 1000
};
struct DescribeQueue {
  std::string name;
};

/// Messages that are to be published later, in the order in which they were sent.
struct ListDelayed {
  Seq from{};                        ///< the id of the first one looked at, or the next behind it
  std::uint32_t count = 100;         ///< 1 to 1000
  std::optional<std::string> topic;  ///< only those that match this topic filter
};
/// They are never published. Exactly one of the three says which.
struct CancelDelayed {
  std::optional<Seq> id;
  std::optional<std::string> message_id;  ///< all with this user property msg-id
  std::optional<std::string> topic;       ///< all that match this topic filter
};

/// The consumer groups of a stream, in the order of their names.
struct ListGroups {
  std::string stream;
};
struct ShowGroup {
  std::string stream;
  std::string group;
};
/// It goes on from there, whoever its members are.
struct SeekGroup {
  std::string stream;
  std::string group;
  StreamStart to;
};
/// Only while it has no members.
struct DeleteGroup {
  std::string stream;
  std::string group;
};

/// Messages of a stream, in the order of their offsets. All that is said has to be so.
struct FindMessages {
  std::string stream;
  std::optional<std::string> key;
  std::optional<std::string> message_id;  ///< their user property msg-id
  Seq from{1};                            ///< offsets, both included
  std::optional<Seq> to;
  std::optional<WallTime> since;  ///< when they were stored, both included
  std::optional<WallTime> until;
  std::uint32_t count = 10;           ///< 1 to 1000
  std::uint32_t payload_bytes = 256;  ///< so much is shown of each payload; 64 KiB at most, 1 MiB in all
};

/// Transactions that are open, by their ids.
struct ListTransactions {
  std::string from;           ///< the first one looked at, or the next behind it
  std::uint32_t count = 100;  ///< 1 to 1000
};
/// An operator decides in place of its producers.
struct CommitTransaction {
  std::string id;
};
struct RollBackTransaction {
  std::string id;
};

using ControlCommand =
    std::variant<CreateQueue, EditQueue, DeleteQueue, PurgeQueue, PauseQueue, ResumeQueue, PeekQueue,
                 MoveMessages, RedriveQueue, ListQueues, DescribeQueue, ListDelayed, CancelDelayed,
                 ListTransactions, CommitTransaction, RollBackTransaction, ListGroups, ShowGroup, SeekGroup,
                 DeleteGroup, FindMessages>;

}  // namespace hermod::queue
