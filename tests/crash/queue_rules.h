#pragma once
#include <chrono>
#include <cstdint>
#include <set>
#include <string>

#include "tests/support/properties.h"

namespace hermod::crash {

/// What one receiver of the load has promised: a named queue, one for dead letters, or an ordinary session,
/// which is here because one message goes to it and to queues together. A plain value.
struct QueueRules {
  enum class Order : std::uint8_t { None, Key, Strict };
  enum class Overflow : std::uint8_t { Reject, DropOldest, DropNewest, DeadLetter };

  std::string name{};
  std::string prefix{};      ///< of the topics it is bound to
  bool only_tagged = false;  ///< of these only what has the tag a
  Order order = Order::None;
  std::uint64_t max_deliveries = 1000;
  bool lapses = false;        ///< ack_timeout is short: what is out may go to another while it is worked on
  bool exactly_once = false;  ///< consumed at QoS 2
  bool at_most_once = false;  ///< consumed at QoS 0, by one consumer, in strict order
  bool dedup = false;         ///< what has been published again with its msg-id is there once
  bool redriven = false;      ///< its dead letters are given back
  bool is_session = false;    ///< no named queue
  bool last_value = false;    ///< of a key only the newest stays
  std::uint64_t max_length = 0;  ///< 0: none
  Overflow overflow = Overflow::Reject;
  std::chrono::milliseconds ttl{0};
  std::string dead_of{};            ///< the queue whose dead letters are here; then what follows counts
  std::set<std::string> reasons{};  ///< why a message may be here

  /// What it leaves may be gone by a rule of the operator's, without a trace.
  bool drops() const {
    return max_length != 0 && (overflow == Overflow::DropOldest || overflow == Overflow::DropNewest);
  }
  /// It does not take what comes while it is full. When the answer to that was lost, its publisher sends the
  /// message again, behind what came in meanwhile.
  bool turns_away() const {
    return max_length != 0 && (overflow == Overflow::Reject || overflow == Overflow::DropNewest);
  }
  /// True when this message is for it. A queue for dead letters takes what `prefix` says, too.
  bool takes(const std::string& topic, std::uint64_t number) const;
};

/// What every message of the load says of itself, and what its consumer does with it: both follow from topic
/// and number, so that whoever sees a message knows what must become of it.
namespace plan {

enum class Fate : std::uint8_t {
  Done,       ///< acknowledged
  Later,      ///< 0x80 at its first delivery
  Full,       ///< 0x97 with retry-after at its first delivery
  NackTopic,  ///< at its first delivery given back by a PUBLISH to $nack
  Reject,     ///< 0x87: a dead letter, until it is given back
  Poison,     ///< 0x80 at each delivery, until it is a dead letter, and until it is given back
  Silent,     ///< not answered in time at its first delivery
};
Fate fate_of(std::uint64_t number);
/// Ordering key; nobody else publishes with it.
std::string key_of(const std::string& topic, std::uint64_t number);
bool is_tagged(std::uint64_t number);
/// Half of the dead letters are taken out of their queue by a consumer, the other half is given back.
bool is_buried(std::uint64_t number);
std::uint64_t part_of(std::uint64_t number);
std::string id_of(const std::string& topic, std::uint64_t number);
/// As user properties of its PUBLISH.
support::Properties said_of(const std::string& topic, std::uint64_t number);

}  // namespace plan

}  // namespace hermod::crash
