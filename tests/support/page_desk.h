#pragma once
#include <cstddef>
#include <deque>
#include <set>
#include <span>
#include <utility>

#include "broker/outbox.h"
#include "broker/page_reader.h"
#include "store/read_view.h"

namespace hermod::test {

/// Where shards ask for pages of their queues, without threads: what they ask for waits until the test lets
/// it be answered. Where the pages come from is the business of what is derived. One thread.
class PageDesk : public broker::PageReader {
 public:
  explicit PageDesk(std::span<broker::ShardMailbox* const> mailboxes) : mailboxes_(mailboxes) {}

  void read(const broker::PageWanted& wanted) override { asked_.push_back(wanted); }

  /// The oldest question is looked up now and its answer posted; false when there is none.
  bool answer();
  /// The oldest question is looked up now; its answer is posted by the next answer().
  bool look_up();
  /// The oldest question is answered by an error.
  bool fail();
  /// From now on the store cannot give a page with this entry; or none at all.
  void break_entry(StreamId stream, Seq seq) { broken_.insert({stream, seq}); }
  void break_all() { breaks_all_ = true; }
  /// It can again.
  void mend() {
    broken_.clear();
    breaks_all_ = false;
  }
  /// From now on the record of this entry is damaged.
  void damage_entry(StreamId stream, Seq seq) { damaged_.insert({stream, seq}); }
  std::size_t asked() const { return asked_.size(); }
  /// Precondition: asked() > 0.
  const broker::PageWanted& asked_last() const { return asked_.back(); }
  /// Pages given so far.
  std::size_t answered() const { return answered_; }

 private:
  virtual store::Slice slice(const broker::PageWanted& wanted) const = 0;
  broker::PageRead page_for(const broker::PageWanted& wanted) const;

  const std::span<broker::ShardMailbox* const> mailboxes_;
  mutable broker::RecentMessages recent_;
  std::deque<broker::PageWanted> asked_;
  std::deque<broker::PageRead> looked_up_;
  std::deque<ShardId> shards_;  ///< for whom these are
  std::size_t answered_ = 0;
  std::set<std::pair<StreamId, Seq>> broken_;
  std::set<std::pair<StreamId, Seq>> damaged_;
  bool breaks_all_ = false;
};

}  // namespace hermod::test
