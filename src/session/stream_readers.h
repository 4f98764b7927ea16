#pragma once
#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "base/ids.h"
#include "queue/property_filter.h"
#include "queue/queue_catalog.h"
#include "queue/queue_effect.h"
#include "queue/stream_window.h"
#include "wire/types.h"

namespace hermod::session {

/// A session as reader of one stream.
struct StreamReader {
  StreamReader(queue::NamedQueuePtr read, const queue::Amount& limit)
      : stream(std::move(read)), window(limit) {}

  queue::NamedQueuePtr stream;
  queue::AttachmentNo attachment{};  ///< of the connection it has, or had; zero: it was never attached
  bool is_attached = false;
  wire::QoS qos{};
  queue::PropertyFilter filter{};            ///< what it does not let through is passed over
  std::vector<std::uint32_t> identifiers{};  ///< of its subscription
  queue::StreamWindow window;
  /// What is with the client, in the order in which it was sent.
  struct Sent {
    Seq own;     ///< the sequence of the session's own, which decides the packet identifier
    Seq offset;  ///< zero: from where the reader does not stand any more
    bool is_acknowledged = false;
  };
  std::deque<Sent> sent{};
  queue::StreamPosition recorded{.next = Seq{0}};  ///< in the store, or on its way there; zero: nothing is

  /// Behind this the client has acknowledged nothing: here a reader goes on that has lost its connection.
  queue::StreamPosition position() const;
  /// It reads from here on.
  void begin(const queue::StreamPosition& position);
};

/// What a session has of streams: which it reads, how far, and what is with its client. Owned by its session,
/// touched by its shard; most sessions have none.
class StreamReaders {
 public:
  StreamReader* find(QueueId stream);
  StreamReader& add(const queue::NamedQueuePtr& stream, const queue::Amount& limit);
  /// The session reads it no more. What is with the client is still to be answered.
  void remove(QueueId stream);
  bool empty() const { return readers_.empty(); }
  template <class Visit>
  void for_each(Visit visit) {
    for (auto& [id, reader] : readers_) visit(reader);
  }

  /// A new connection, or a subscription after the last one has ended.
  void attach(StreamReader& reader);
  /// An entry went out under the packet identifier of this sequence of the session's own.
  void sent(StreamReader& reader, Seq own, Seq offset);
  /// The client has answered it. False: none of these has sent it.
  bool acknowledge(Seq own);
  /// The connection is gone; the sequences of what was with the client. Each reader stands where its client
  /// has acknowledged nothing.
  std::vector<Seq> disconnect();

  /// A subscription is on its way to the store with another place for the reader: until end_move() no record
  /// says where it stands, because that would be written behind it.
  void begin_move(QueueId stream) { moving_.push_back(stream); }
  void end_move(QueueId stream);
  bool is_moving(QueueId stream) const;

  /// Some of their positions are not in the store, and will be recorded soon.
  bool is_record_due = false;

 private:
  absl::flat_hash_map<QueueId, StreamReader> readers_;
  std::vector<Seq> of_ended_;    // with the client, of readers that are gone
  std::vector<QueueId> moving_;  // once for each subscription
  std::uint64_t last_attachment_ = 0;
};

}  // namespace hermod::session
