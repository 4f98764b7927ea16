#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <span>
#include <string>

#include "broker/outbox.h"
#include "broker/page_reader.h"
#include "store/commit_sink.h"
#include "store/write_batch.h"

namespace hermod::test {

/// What a store on disk would answer about queues, in memory: it hears of every group that the journal took.
/// What shards ask for waits until the test lets it be answered. One thread.
class StreamStore final : public store::CommitSink, public broker::PageReader {
 public:
  explicit StreamStore(std::span<broker::ShardMailbox* const> mailboxes) : mailboxes_(mailboxes) {}

  void applied(GroupNo number, WallTime batch_time, std::span<const store::Submission> group) override;
  void read(const broker::PageWanted& wanted) override { asked_.push_back(wanted); }

  /// The oldest question is looked up now and its answer posted; false when there is none.
  bool answer();
  /// The oldest question is looked up now; its answer is posted by the next answer().
  bool look_up();
  /// The oldest question is answered by an error.
  bool fail();
  std::size_t asked() const { return asked_.size(); }
  /// Pages given so far.
  std::size_t answered() const { return answered_; }

 private:
  struct Record {
    MessageId message;  ///< zero: everything is in the value
    std::string value;
  };
  void apply(const store::Op& op);
  store::Slice slice(const broker::PageWanted& wanted) const;

  const std::span<broker::ShardMailbox* const> mailboxes_;
  std::map<StreamId, std::map<Seq, Record>> streams_;
  std::map<MessageId, std::string> messages_;
  std::deque<broker::PageWanted> asked_;
  std::deque<broker::PageRead> looked_up_;
  std::deque<ShardId> shards_;  ///< for whom these are
  std::size_t answered_ = 0;
};

}  // namespace hermod::test
