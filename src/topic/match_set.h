#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/ids.h"
#include "topic/subscriber_list.h"
#include "topic/subscription.h"

namespace hermod::topic {

/// One copy of the message for one session. Subscription identifiers: MatchSet::identifiers().
struct Match {
  SessionId session;
  /// The group this copy was drawn for; zero for ordinary subscriptions.
  GroupKey group;
  /// Identifiers: none, the one in `identifier`, or more than one in the set's overflow slot `identifier`.
  std::uint32_t identifier = 0;
  std::uint32_t identifier_count = 0;
  /// 0, 1 or 2; the highest of the subscriptions that matched.
  std::uint8_t granted_qos = 0;
  bool retain_as_published = false;

  bool is_shared() const { return group.v != 0; }
};

/// Who gets a message. Ordinary subscriptions of one session that overlap are one match with the highest QoS,
/// every identifier, and retain-as-published if any of them asks for it; each shared group adds a match of
/// its own. Order means nothing. Owned by one thread and used again and again: it keeps its memory between
/// calls.
class MatchSet {
 public:
  std::size_t size() const { return matches_.size(); }
  bool empty() const { return matches_.empty(); }
  const Match& operator[](std::size_t at) const { return matches_[at]; }
  std::vector<Match>::const_iterator begin() const { return matches_.begin(); }
  std::vector<Match>::const_iterator end() const { return matches_.end(); }

  /// The identifiers of one match of this set, one per matching subscription that has one, so the same number
  /// may come twice. Valid while the match and the unchanged set live.
  std::span<const std::uint32_t> identifiers(const Match& match) const;

  /// True when the same topic gives these matches for every publisher, until the index has another version:
  /// no group had to choose and no subscription with No Local was met. Such a set may be kept and used again.
  bool is_reusable() const { return reusable_; }

  /// Filling, in this order: reset, any number of add and add_shared, then merge.
  void reset(SessionId publisher);
  /// The list must not change before merge().
  void add(const SubscriberList& list);
  void add_shared(GroupKey group, const Subscriber& member);
  /// A group was asked and had nobody.
  void note_choice() { reusable_ = false; }
  /// Builds the matches of the lists added.
  void merge();

 private:
  struct Slot {
    SessionId session;
    std::uint32_t round = 0;
    std::uint32_t match = 0;
  };

  bool is_dropped(const Subscriber& subscriber);
  void append(const Subscriber& subscriber, GroupKey group);
  void combine(Match& match, const Subscriber& subscriber);
  void prepare_slots(std::size_t sessions);
  Slot& slot_for(SessionId session);

  std::vector<Match> matches_;
  std::vector<const SubscriberList*> lists_;
  /// Identifier lists of matches with more than one; only the first `overflow_used_` belong to this round.
  std::vector<std::vector<std::uint32_t>> overflow_;
  std::size_t overflow_used_ = 0;
  /// Open addressing by session; slots of other rounds count as free, so nothing is cleared between calls.
  std::vector<Slot> slots_;
  std::size_t slot_mask_ = 0;
  std::uint32_t round_ = 0;
  SessionId publisher_;
  bool reusable_ = true;
};

}  // namespace hermod::topic
