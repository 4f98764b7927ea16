#pragma once
#include <cstddef>
#include <map>
#include <span>
#include <string>

#include "store/commit_sink.h"
#include "store/write_batch.h"
#include "tests/support/page_desk.h"

namespace hermod::test {

/// What a store on disk would answer about queues, in memory: it hears of every group that the journal took.
/// One thread.
class StreamStore final : public store::CommitSink, public PageDesk {
 public:
  explicit StreamStore(std::span<broker::ShardMailbox* const> mailboxes) : PageDesk(mailboxes) {}

  /// From now on it has no room for what may be refused, or has it again.
  void set_full(bool full) { full_ = full; }
  bool has_room(std::size_t) const override { return !full_; }
  void applied(GroupNo number, WallTime batch_time, std::span<const store::Submission> group) override;

 private:
  struct Record {
    MessageId message;  ///< zero: everything is in the value
    std::string value;
  };
  void apply(const store::Op& op);
  store::Slice slice(const broker::PageWanted& wanted) const override;

  std::map<StreamId, std::map<Seq, Record>> streams_;
  std::map<MessageId, std::string> messages_;
  bool full_ = false;
};

}  // namespace hermod::test
