#pragma once
#include <absl/container/flat_hash_map.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/ids.h"
#include "queue/delayed_index.h"
#include "queue/delayed_records.h"
#include "queue/moment.h"

namespace hermod::queue {

/// The rules of delayed messages that are stored: what is read when, what is published next, and how much at
/// once. Of all it knows the time; a message itself is held only shortly before, and while its publication is
/// under way. Owned by one shard, on its thread.
class DelayedMessages {
 public:
  struct Limits {
    std::chrono::microseconds ahead = std::chrono::seconds{1};  ///< so early a message is read
    std::size_t held_messages = 4096;                           ///< that are not due,
    std::size_t held_bytes = std::size_t{2} << 20;              ///< or wait for their turn
    std::uint32_t run_messages = 256;                           ///< neighbours that are read at once
    std::size_t published_messages = 8192;  ///< publications that are under way; several batches, so that
    std::size_t published_bytes = std::size_t{8} << 20;  ///< none waits for the disk to finish another
    std::chrono::milliseconds pause{1000};               ///< after a failure, before it is tried again
  };

  /// `is_readable`: what is not held can be read from the store; else everything is held.
  DelayedMessages(const Limits& limits, bool is_readable) : limits_(limits), is_readable_(is_readable) {}

  /// It is stored. Its content may be without a message when it can be read.
  void add(Seq seq, const DelayedTime& time, DelayedContent content, const Moment& now);
  /// It will not be published. Nothing when there is none, or its publication is under way; else where it
  /// was, for restore(), if it is still in the store after all.
  std::optional<DelayedIndex::Place> cancel(Seq seq);
  void restore(Seq seq, const DelayedIndex::Place& place) { put_back(seq, place, {}); }
  bool contains(Seq seq) const { return index_.find(seq).has_value(); }
  /// Those that wait; not those whose publication is under way.
  std::size_t pending() const { return index_.size(); }

  /// Neighbours of the stream: as many as `count` from `from` on.
  struct Run {
    Seq from;
    std::uint32_t count = 0;
  };
  /// What is to be read now; each is answered by on_read() or on_read_failed().
  std::vector<Run> take_reads(const Moment& now);
  struct Read {
    Seq seq;
    DelayedContent content;
  };
  /// The store has these from `from` on and nothing else up to `end`. Returns those that are lost: they are
  /// not there, or damaged. They are forgotten here and stay where they are.
  std::vector<Seq> on_read(Seq from, Seq end, std::vector<Read> messages);
  /// It is read again after a pause; one that cannot be read alone waits for its next turn behind others.
  void on_read_failed(Seq from, const Moment& now);

  struct Due {
    Seq seq;
    DelayedContent content;
    std::chrono::microseconds late{};
  };
  /// The next one whose time has come; its publication is under way until published() or one of the others.
  /// Nothing: none is due, or it is still being read, or as much as may be is under way.
  std::optional<Due> take_due(const Moment& now);
  /// It is durable that it is gone.
  void published(Seq seq);
  /// Somebody who has to get it has no room: it is tried again after a pause, behind what is due by then, and
  /// one after the other: a thousand in a second at most, however many wait for him.
  void put_off(Seq seq, const Moment& now);
  /// The store has not taken it: all wait for a pause, and it is in its old place again.
  void not_stored(Seq seq, const Moment& now);
  /// Nothing is taken before.
  void pause_until(MonotonicTime until);

  /// When there is something to do that nothing else tells of.
  std::optional<MonotonicTime> next(const Moment& now) const;

 private:
  struct UnderWay {
    DelayedIndex::Place place;
    DelayedContent content;
  };
  bool holds_as_many_as_may_be() const;
  bool waits_for_unread(const Moment& now) const;
  void hold(Seq seq, DelayedContent&& content);
  DelayedContent release(Seq seq);
  void put_back(Seq seq, const DelayedIndex::Place& place, DelayedContent content);
  std::optional<DelayedIndex::Place> own_place(Seq seq);
  std::optional<UnderWay> end(Seq seq);
  bool is_being_read(Seq seq) const { return reading_.contains(seq); }

  const Limits limits_;
  const bool is_readable_;
  DelayedIndex index_;
  absl::flat_hash_map<Seq, DelayedContent> held_;  ///< a part of what is in index_
  std::size_t held_bytes_ = 0;
  absl::flat_hash_map<Seq, Seq> reading_;         ///< of each that is read where its run begins,
  absl::flat_hash_map<Seq, std::uint32_t> runs_;  ///< and how long that is
  DelayedIndex::Cursor read_to_;                  ///< what is behind is held or being read
  std::optional<MonotonicTime> read_again_at_;    ///< nothing is read before,
  bool reads_singly_ = false;                     ///< and then one by one, until one could be read
  /// Where those belong that could not be read: a time of day does not come sooner because its wall clock is
  /// set back before it can be.
  absl::flat_hash_map<Seq, DelayedIndex::Place> displaced_;
  absl::flat_hash_map<Seq, UnderWay> under_way_;
  std::size_t published_bytes_ = 0;
  std::optional<MonotonicTime> paused_until_;
  std::int64_t last_put_off_ = 0;  ///< when the one that was put off last is due
};

}  // namespace hermod::queue
