#pragma once
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
};

}  // namespace hermod::test
