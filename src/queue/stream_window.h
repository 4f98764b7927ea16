#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "queue/message.h"
#include "queue/queue_window.h"
#include "queue/stream_extent.h"

namespace hermod::queue {

/// An entry of a stream as its readers get it.
struct StreamEntry {
  Seq seq;
  MessagePtr message;
  std::string key;
};

/// What one reader of a stream has of it in memory: all there is in rising order, from where it stands on.
/// They come from the store, page by page, while it is behind; at the end of the stream they come as they are
/// stored. Bounded: what finds no room is left to the store. Belongs to a session, on its shard.
class StreamWindow {
 public:
  explicit StreamWindow(const Amount& limit) : limit_(limit) {}

  /// The reader stands here now; what is here goes, and a page on its way is not wanted any more.
  void begin(const StreamPosition& position);
  /// What comes next, when it is handed out; what a reader goes on with that has acknowledged everything.
  StreamPosition position() const;

  /// From now on; what is here stays.
  void set_limit(const Amount& limit) { limit_ = limit; }
  /// Whether a page should be asked for. `end`: what the stream stores next.
  bool should_read(Seq end) const;
  bool is_reading() const { return is_reading_; }
  /// It is asked for from here on.
  Seq begin_page();
  /// Entries in rising order; up to `to` the store has no others, nor up to `end`. How many sequences are
  /// passed over, of which there is no entry any more: only in front of `holes_from` was that a loss.
  std::uint64_t load(std::span<StreamEntry> page, Seq to, Seq end, Seq holes_from = Seq{~0ULL});
  /// Whether a page that was asked for here is the one that is waited for, or does as well: one that was
  /// asked for on a connection before this one knows less of what was stored since.
  bool expects(Seq from) const { return is_reading_ && asked_from_ == from; }
  /// It could not be had.
  void fail_page();
  /// What is before is not there any more; how many sequences are passed over, as above.
  std::uint64_t begin_at_least(Seq first, Seq holes_from = Seq{~0ULL});

  /// These have been stored, in rising order.
  void offer(std::span<const StreamEntry> fresh);

  /// The next one; null: none is here.
  const StreamEntry* next() const { return entries_.empty() ? nullptr : &entries_.front(); }
  void pop();
  /// The first that is not here.
  Seq wanted() const { return wanted_; }
  std::size_t size() const { return entries_.size(); }

 private:
  std::uint64_t lost_up_to(Seq up_to, Seq holes_from) const;
  bool has_room() const { return held_.messages < limit_.messages && held_.bytes < limit_.bytes; }
  void add(StreamEntry entry);
  void join_tail();
  void drop_tail();

  Amount limit_;
  std::deque<StreamEntry> entries_;
  Amount held_;
  Seq wanted_{1};  // the first that is not here
  WallTime not_before_{};
  bool is_reading_ = false;
  Seq asked_from_{};
  // What is stored while a page is read, if nothing is missing in it.
  std::vector<StreamEntry> tail_;
  std::uint64_t tail_bytes_ = 0;
  bool keeps_tail_ = false;
};

}  // namespace hermod::queue
