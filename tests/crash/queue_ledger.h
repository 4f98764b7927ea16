#pragma once
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/crash/queue_rules.h"
#include "tests/support/timing.h"

namespace hermod::crash {

/// A message as a consumer got it.
struct Arrival {
  std::string queue;
  std::string consumer{};
  std::string topic;
  std::uint64_t number = 0;
  std::uint64_t life = 1;        ///< of the broker, when the connection was made
  std::uint64_t connection = 0;  ///< from QueueLedger::connected()
  /// What the broker says of it; clients of MQTT 3.1.1 are told nothing, and sessions nothing of queues.
  std::optional<std::uint64_t> offset{};
  std::uint64_t count = 1;
  std::string death_reason{};
  std::string death_queue{};
  bool is_resent = false;  ///< it has DUP
};

/// What publishers were promised and what became of it in each queue, over any number of deaths of the
/// broker. Every promise that is broken is kept in words. Messages are numbered from 0 per topic; one topic
/// has one publisher and one QoS. Shared by all threads of a test, locked.
class QueueLedger {
 public:
  enum class Answer : std::uint8_t { Done, Later, Reject };
  struct Content {
    std::string topic;
    std::uint64_t number;
  };

  void add(QueueRules rules);

  // The broker's lives.
  std::uint64_t life() const;
  /// It was killed and does not run.
  void begin_life();
  /// A number for a connection that was made.
  std::uint64_t connected();
  /// Said before the consumer ends its connection.
  void left(std::uint64_t connection);

  // Publishers.
  void sent(const std::string& topic, std::uint8_t qos, std::uint64_t number);
  void acknowledged(const std::string& topic, std::uint64_t number);
  /// PUBACK or PUBREC of 0x97. Whether that may be is the load's to know, by may_refuse().
  void refused(const std::string& topic, std::uint64_t number);
  /// A queue has it already, says the answer, or has stored it now.
  void told_duplicate(const std::string& topic, std::uint64_t number);
  void told_stored(const std::string& topic, std::uint64_t number);
  bool may_refuse(const std::string& topic) const;

  // Consumers.
  /// At QoS 2: one that its receiver does not hold yet.
  void arrived(const Arrival& it);
  /// Said before it is sent.
  void answering(const Arrival& it, Answer answer);
  /// Nothing of the topic that this consumer asked not to get comes to it.
  void narrow(const std::string& consumer, std::uint64_t part);

  // Looks into a queue.
  /// It holds so many, said while it is used.
  void holds(const std::string& queue, std::uint64_t messages);
  /// This is what a queue with max_length or last_value holds, in its order: behind a start, with no consumer
  /// there and its publisher quiet. Of what is above `mark` in its topic nothing was consumed.
  void remains(const std::string& queue, const std::vector<Content>& contents, std::uint64_t mark);
  /// A promise that somebody else saw broken.
  void broken(const std::string& what);

  std::uint64_t acknowledged_count() const;
  /// Something of this topic.
  bool has_acknowledged(const std::string& topic) const;
  std::uint64_t arrived_count() const;
  std::uint64_t dead_count() const;
  /// What the load is for and has not happened yet: the rules have not been tried before nothing is left.
  std::vector<std::string> untried() const;
  /// How many were sent on this topic.
  std::uint64_t sent_count(const std::string& topic) const;
  /// How many that were acknowledged have not come to their end in this queue, about.
  std::uint64_t open_count(const std::string& queue) const;
  /// What was seen so far.
  std::vector<std::string> broken_promises() const;
  /// Behind the end of everything, with all queues empty: that, and what was acknowledged and is nowhere.
  /// At most twenty.
  std::vector<std::string> violations() const;

 private:
  using Time = support::Clock::time_point;
  using Key = std::pair<std::string, std::uint64_t>;  ///< of a message: topic and number

  struct Published {
    std::uint32_t sends = 0;
    bool is_acknowledged = false;
    bool is_refused = false;
    Time first_sent{};
  };
  struct Topic {
    std::uint8_t qos = 0;
    std::vector<Published> messages;
  };
  /// A place in a queue.
  struct Entry {
    Key message;
    std::uint64_t life = 0;
    std::uint64_t count = 0;               ///< of the last delivery
    std::uint64_t connection = 0;          ///< of the last delivery
    std::uint64_t least = 1;               ///< what no later one may be below
    std::optional<std::uint64_t> later;    ///< the delivery that was answered so last
    std::optional<std::uint64_t> done_by;  ///< connection
    bool is_dead = false;                  ///< a consumer has said what makes it a dead letter
  };
  /// A message in a queue.
  struct Item {
    std::vector<std::uint64_t> offsets;
    bool has_come = false;
    bool is_done = false;
    bool is_rejected = false;
    bool is_spent = false;
    bool is_settled = false;  ///< counted in Queue::settled
  };
  struct Lease {
    std::string consumer;
    std::uint64_t connection;
    Key message;
  };
  struct Queue {
    QueueRules rules;
    std::map<std::string, std::vector<Item>> items;  ///< by topic
    std::map<std::uint64_t, Entry> entries;          ///< by offset
    std::map<std::string, Lease> leases;             ///< by key; all the same in strict order
    std::map<std::string, std::uint64_t> highest;    ///< offset that went out in this life, by key
    std::map<std::uint64_t, std::uint64_t> next;     ///< number, by connection at QoS 0
    std::uint64_t acknowledged = 0;                  ///< that it takes
    std::uint64_t settled = 0;
  };

  static Item& item_of(Queue& queue, const Key& message);
  static const Item* find(const Queue& queue, const std::string& topic, std::uint64_t number);
  static std::string order_key(const QueueRules& rules, const Key& message);
  void note(const Queue& queue, const Arrival& it);
  void say(const Arrival& it, const std::string& what);
  static void settle(Queue& queue, Item& item);
  bool is_stored_once(const Queue& queue, const std::string& topic) const;
  Entry& entry_of(Queue& queue, Item& item, const Arrival& it);
  void check_new_entry(Queue& queue, Item& item, const Arrival& it);
  void check_count(Queue& queue, Entry& entry, const Arrival& it);
  void check_repetition(Queue& queue, const Item& item, const Entry* entry, const Arrival& it);
  void check_order(Queue& queue, const Arrival& it);
  void check_lease(Queue& queue, const Arrival& it);
  void check_death(Queue& queue, const Arrival& it);
  void check_dropped(const Queue& queue, const std::vector<std::uint64_t>& numbers, const std::string& topic,
                     std::uint64_t mark);
  void check_last_values(const Queue& queue, const std::vector<Content>& contents);
  bool is_at_end(const Queue& queue, const std::string& topic, std::uint64_t number) const;
  bool is_last_of_key(const Topic& about, const std::string& topic, std::uint64_t number) const;
  const Queue* dead_letters_of(const std::string& queue) const;

  static constexpr std::size_t kMost = 20;

  mutable std::mutex mutex_;
  std::uint64_t life_ = 1;
  std::uint64_t last_connection_ = 0;
  std::set<std::uint64_t> live_;  ///< connections of this life that have not been left
  std::map<std::string, Topic> topics_;
  std::map<std::string, Queue> queues_;
  std::map<std::string, std::uint64_t> parts_;  ///< by consumer
  std::vector<std::string> broken_;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t arrived_ = 0;
  std::uint64_t dead_ = 0;
  std::set<std::string> tried_;
};

}  // namespace hermod::crash
