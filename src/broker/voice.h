#pragma once
#include <cstddef>
#include <deque>
#include <string>
#include <string_view>

#include "base/counters.h"
#include "broker/left_message.h"
#include "broker/publication.h"
#include "broker/shard_message.h"
#include "queue/message.h"
#include "queue/queue_catalog.h"
#include "session/session.h"
#include "topic/broker_topics.h"

namespace hermod::broker {

class Shard;

/// What a shard tells whoever listens: events on `$events/...`, and copies of messages that have left by a
/// rule on `$expired/`, `$dropped/` and `$dead/` with their topic behind it. It may be told in the middle of
/// any path: nothing is published before the tick ends. A courtesy, not a queue: what nobody has subscribed
/// to is not kept for a moment, and what is too much at once is missed and counted. Owned by the shard, on
/// its thread, as long as that lives.
class Voice {
 public:
  /// What waits to be said at most. More comes of one tick only when very many messages leave in it.
  static constexpr std::size_t kMostWaiting = 10'000;
  static constexpr std::size_t kMostBytes = std::size_t{16} << 20;

  explicit Voice(Shard& shard) : shard_(shard) {}

  /// Whether it is worth while to make a text for an event.
  bool is_heard() const;
  /// `event` is the topic behind `$events/`, and a name of the broker's own.
  void tell(std::string_view event, std::string text);

  /// A message has left, which is counted elsewhere, or here with drop(): whoever listens gets a copy, if it
  /// is of those that have expired, that a limit or the lack of a place for dead letters has dropped, or
  /// that are dead letters now. Without a message it is missed.
  void copy(Counter why, const queue::MessagePtr& message, const session::Session& receiver);
  void copy(Counter why, const queue::MessagePtr& message, const queue::NamedQueue& queue);
  void drop(Counter why, const queue::MessagePtr& message, const session::Session& receiver);
  void drop(Counter why, const queue::MessagePtr& message, const queue::NamedQueue& queue);
  /// What has left for the sake of a batch that is stored now.
  void drop(const LeftMessages& left);
  /// The same for a session that may live on another shard, which knows whose it is.
  void drop(Counter why, const queue::MessagePtr& message, SessionId receiver, ShardId shard);
  void on_dropped(const DroppedForSession& dropped);

  /// A queue has no room, and refuses or drops: told and logged once in a while.
  void tell_full(const queue::NamedQueue& queue);

  bool has_any() const { return !waiting_.empty(); }
  /// At the end of a tick. True: there is more to say.
  bool say();

 private:
  struct Saying {
    std::string topic;
    std::string text{};           ///< of an event
    queue::MessagePtr message{};  ///< that is copied; null: an event
    std::string_view reason{};    ///< of the copy
    std::string_view of{};        ///< the name of the property that says
    std::string who{};            ///< whose it was

    std::size_t bytes() const {
      return topic.size() + text.size() + who.size() + (message ? message->size() : 0);
    }
  };
  void copy(Counter why, const queue::MessagePtr& message, std::string_view of, std::string_view who);
  void copy(topic::BrokerTopics to, std::string_view reason, const queue::MessagePtr& message,
            std::string_view of, std::string_view who);
  void keep(Saying saying, Counter missed);
  void say(const Saying& saying);

  Shard& shard_;
  std::deque<Saying> waiting_;
  std::size_t bytes_ = 0;  ///< of what waits
};

}  // namespace hermod::broker
