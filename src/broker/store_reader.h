#pragma once
#include <cstddef>
#include <span>

#include "broker/outbox.h"
#include "broker/page_reader.h"
#include "broker/recent_messages.h"
#include "store/reader_pool.h"
#include "store/store.h"

namespace hermod::broker {

/// Reads pages of queues from the store on threads that may wait for the disk, and posts them to the shards'
/// mailboxes. Owned by the broker; lives as long as its shards, no longer than the store.
class StoreReader final : public PageReader {
 public:
  StoreReader(const store::Store& store, std::span<ShardMailbox* const> mailboxes)
      : store_(store), mailboxes_(mailboxes), pool_(&StoreReader::answer) {}

  void start(std::size_t threads) { pool_.start(threads); }
  /// Answers what was asked for and ends the threads. When no shard runs any more.
  void stop() { pool_.stop(); }

  void read(const PageWanted& wanted) override;

 private:
  struct Job;
  static void answer(std::unique_ptr<store::ReadJob> job);

  const store::Store& store_;
  const std::span<ShardMailbox* const> mailboxes_;
  RecentMessages recent_;
  store::ReaderPool pool_;
};

}  // namespace hermod::broker
