#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include "base/clock.h"
#include "base/ids.h"
#include "queue/lanes.h"
#include "queue/message.h"
#include "queue/queue_effect.h"
#include "queue/sequence_map.h"
#include "wire/types.h"

namespace hermod::queue {

struct Lease;

/// Its neighbours in a list of leases.
struct LeaseLink {
  Lease* earlier = nullptr;
  Lease* later = nullptr;
};

/// A delivery of a named queue that has not ended.
struct Lease {
  enum class Phase : std::uint8_t {
    Lent,  ///< the consumer's shard has not told that it was sent
    Sent,
    Over  ///< it ended without the client, who has not answered yet
  };
  /// What it has to wait for at the longest.
  enum class Deadline : std::uint8_t { None, Sending, Answer };

  LeaseId id;
  ConsumerId consumer{};
  AttachmentNo attachment{};
  Seq seq{};
  MessagePtr message{};  ///< while it is not Over
  Phase phase = Phase::Lent;
  wire::QoS qos{};
  bool is_claim = false;    ///< it is stored with the consumer's session, or will be
  bool is_parked = false;   ///< and its consumer is away
  bool is_resumed = false;  ///< and its consumer is back, on another connection

  // Of LeaseTable alone.
  Deadline deadline = Deadline::None;
  MonotonicTime waits_since{};
  LeaseLink by_deadline{};
  LeaseLink by_consumer{};
};

/// Leases in the order in which they were added. Owns none of them: whoever ends one takes it out before.
template <LeaseLink Lease::*kLink>
class LeaseList {
 public:
  bool empty() const { return first_ == nullptr; }
  std::size_t size() const { return size_; }
  Lease* first() const { return first_; }
  static Lease* behind(const Lease& it) { return (it.*kLink).later; }

  void add(Lease& it) {
    it.*kLink = {.earlier = last_};
    (last_ != nullptr ? (last_->*kLink).later : first_) = &it;
    last_ = &it;
    ++size_;
  }
  /// Precondition: it is in this one.
  void take_out(Lease& it) {
    const LeaseLink link = it.*kLink;
    (link.earlier != nullptr ? (link.earlier->*kLink).later : first_) = link.later;
    (link.later != nullptr ? (link.later->*kLink).earlier : last_) = link.earlier;
    it.*kLink = {};
    --size_;
  }

 private:
  Lease* first_ = nullptr;
  Lease* last_ = nullptr;
  std::size_t size_ = 0;
};

/// The leases of one consumer.
using LeasesOfConsumer = LeaseList<&Lease::by_consumer>;

/// The deliveries of a named queue that have not ended, by number, and their deadlines. A lease stays where
/// it is in memory until it is erased. Owned by the queue's group, same thread.
class LeaseTable {
 public:
  /// With the next number, behind the others that its consumer has.
  Lease& add(LeasesOfConsumer& its_consumer);
  /// Null: there is none of that number, or no longer.
  Lease* find(LeaseId id) { return leases_.find(as_seq(id)); }
  const Lease* find(LeaseId id) const { return leases_.find(as_seq(id)); }
  /// Precondition: there is one.
  Lease& at(LeaseId id);
  const Lease& at(LeaseId id) const;
  bool contains(LeaseId id) const { return find(id) != nullptr; }
  /// Precondition: it is among those.
  void erase(Lease& it, LeasesOfConsumer& its_consumer);
  std::size_t size() const { return leases_.size(); }
  bool empty() const { return leases_.empty(); }

  /// Behind all others that wait for that: as long as each waits, also when that changes. In place of the
  /// deadline that it has.
  void set_deadline(Lease& it, Lease::Deadline deadline, MonotonicTime now);
  void cancel_deadline(Lease& it);
  /// The one that has waited longest; null: none.
  Lease* first(Lease::Deadline deadline) const { return waiting_[index(deadline)].first(); }

 private:
  using ByDeadline = LeaseList<&Lease::by_deadline>;
  static Seq as_seq(LeaseId id) { return Seq{id.v}; }
  static std::size_t index(Lease::Deadline deadline) { return static_cast<std::size_t>(deadline); }

  SequenceMap<Lease> leases_;
  std::array<ByDeadline, 3> waiting_;  ///< for each Deadline; nothing waits for None
  std::uint64_t last_ = 0;
};

}  // namespace hermod::queue
