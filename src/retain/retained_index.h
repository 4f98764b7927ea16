#pragma once
#include <absl/container/btree_set.h>
#include <absl/container/flat_hash_map.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/fair_shared_mutex.h"
#include "base/result.h"
#include "queue/message.h"
#include "retain/filter_scan.h"
#include "retain/options.h"
#include "topic/sliced_set.h"
#include "topic/topic_filter.h"

namespace hermod::retain {

/// How far one wildcard lookup has come: the topic looked at last. Belongs to the lookup of one filter.
class RetainedCursor {
 public:
  bool done() const { return done_; }

 private:
  friend class RetainedIndex;
  std::string last_;
  bool started_ = false;
  bool done_ = false;
};

/// The retained message of each topic. Shared by all shards and locked; lives as long as the broker. Holds
/// messages by reference, 60 to 80 bytes of its own for each.
class RetainedIndex {
 public:
  explicit RetainedIndex(Options options) : options_(options) {}

  /// The number under which the store keeps the message of `topic`: the one it has, or has on its way to the
  /// store, or a new one. `is_kept`: the record is a message and not the end of one; of a topic that has none
  /// yet it counts against the limit from now on. Each call is followed by one settle().
  std::uint64_t number_for(std::string_view topic, bool is_kept = true);
  /// A record that number_for() was asked for is stored and set(), or has failed.
  void settle(std::string_view topic);

  /// Would set() take this message now? Errc::NoSpace when a limit would be passed. For answering a publisher
  /// before the message is stored.
  Status check(const queue::Message& message) const;

  /// Makes `message` the retained message of its topic in place of the one before  [MQTT-3.3.1-5]; an empty
  /// payload clears the topic. Errc::NoSpace as in check(): then nothing was changed. `number` is its record
  /// in the store; 0 when it is in memory only.
  Status set(queue::MessagePtr message, std::uint64_t number = 0);

  /// The same without asking the limits, for messages the store already holds.
  void restore(queue::MessagePtr message, std::uint64_t number = 0);

  /// False when there was none.
  bool clear(std::string_view topic);

  /// Null when there is none. Expired messages are found too.
  queue::MessagePtr find(std::string_view topic) const;

  /// Appends the messages that match `filter` and are not expired at `now` to `out`, in topic order, and
  /// moves the cursor; looks at no more than `max_topics` topics, so the lock is held briefly. Call it again
  /// with the same filter until cursor.done(). A topic that is retained during the whole lookup is given
  /// exactly once; one that is set or cleared meanwhile at most once. Returns how many topics it looked at.
  /// Precondition: max_topics > 0.
  std::size_t collect(const topic::TopicFilter& filter, RetainedCursor& cursor, std::size_t max_topics,
                      WallTime now, std::vector<queue::MessagePtr>& out) const;

  /// A message that expired, and its record in the store.
  struct Expired {
    queue::MessagePtr message;
    std::uint64_t number = 0;
  };
  /// Takes out up to `max` messages that are expired at `now`, the longest expired first, and appends them to
  /// `removed`; one whose topic has a record on its way stays. Returns how many; call again soon when that is
  /// `max`. The caller erases their records.
  std::size_t purge_expired(WallTime now, std::size_t max, std::vector<Expired>& removed);

  std::size_t count() const;
  /// Topics, properties and payloads, as Message::size() counts them.
  std::uint64_t bytes() const;

 private:
  struct TopicKey {
    explicit TopicKey(std::string_view topic);
    std::string_view topic;
    std::uint64_t hash;
  };
  struct Entry {
    Entry(const TopicKey& key, queue::MessagePtr retained) : hash(key.hash), message(std::move(retained)) {}
    bool is(const TopicKey& key) const { return message->topic() == key.topic; }

    std::uint64_t hash;
    queue::MessagePtr message;
    std::uint64_t number = 0;
  };
  /// A number with records on their way to the store.
  struct Pending {
    std::uint64_t number = 0;
    std::uint32_t records = 0;
    bool is_kept = false;     ///< one of them is a message
    bool takes_room = false;  ///< which is the topic's first, and counts in coming_
  };
  struct InTopicOrder {
    using is_transparent = void;
    bool operator()(const Entry* a, const Entry* b) const;
    // A place lies between two topics, never on one.
    bool operator()(const Entry* a, const Seek& place) const { return place.is_before(a->message->topic()); }
    bool operator()(const Seek& place, const Entry* b) const { return !place.is_before(b->message->topic()); }
  };
  using Ordered = absl::btree_set<Entry*, InTopicOrder>;

  // put and remove hand back the message that was retained, so that it can be freed behind the lock.
  Status fits(const queue::Message& message, const Entry* replaced) const;
  queue::MessagePtr put(const TopicKey& key, Entry* replaced, const queue::MessagePtr& message,
                        std::uint64_t number);
  queue::MessagePtr remove(Entry& entry);
  Pending* pending_for(std::string_view topic);
  /// Its first message is on the way.
  bool has_place(std::string_view topic) const;
  void set_takes_room(Pending& pending, bool takes_room);
  void schedule_expiry(Entry& entry);
  void forget_expiry(Entry& entry);
  Ordered::const_iterator move_on(Ordered::const_iterator from, const Seek& seek) const;

  const Options options_;
  mutable FairSharedMutex mutex_;
  /// Owns the entries; answers for one topic.
  topic::SlicedSet<Entry, TopicKey> by_topic_;
  /// For lookups with wildcards.
  Ordered ordered_;
  /// Only entries whose message expires.
  absl::btree_set<std::pair<WallTime, Entry*>> by_expiry_;
  std::uint64_t bytes_ = 0;
  absl::flat_hash_map<std::string, Pending> pending_;
  std::size_t coming_ = 0;  ///< topics that have no message yet, and one on its way to the store
  std::uint64_t next_number_ = 1;
};

}  // namespace hermod::retain
