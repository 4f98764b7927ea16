#pragma once
#include <cstdint>

#include "base/ids.h"
#include "broker/recent_messages.h"
#include "broker/shard_message.h"
#include "queue/queue_window.h"
#include "queue/stream_extent.h"
#include "queue/stream_window.h"
#include "store/read_view.h"

namespace hermod::broker {

/// A part of a session's queue, or of a named queue, that a shard wants to have from the store.
struct PageWanted {
  ShardId shard;  ///< which gets the answer
  SessionId session;
  PageRead::Purpose purpose{};
  Seq from;
  queue::Amount most;     ///< messages, and about so many bytes
  SessionId reader = {};  ///< of a stream; or a consumer group of it
  Seq stored = {};        ///< what the stream stored next when this was asked
};

/// Where shards get from what their windows do not hold. Shared by all shards, outlives them; read() is
/// called on their threads and never waits. Without a store there is none, and windows hold everything.
class PageReader {
 public:
  virtual ~PageReader() = default;
  /// Answered by a PageRead in the mailbox of wanted.shard, which has at least what was committed before.
  virtual void read(const PageWanted& wanted) = 0;
};

bool is_of_named_queue(PageRead::Purpose purpose);
bool is_of_delayed(PageRead::Purpose purpose);

/// The answer when the store cannot be read.
PageRead failed_page(const PageWanted& wanted);

/// The answer made of what the store holds. A message that sessions share is that of `recent`, if it is
/// there, and is put there else.
PageRead page_from(const PageWanted& wanted, const store::Slice& slice, RecentMessages& recent);

/// The page that a reader of a stream or a group of it has waited for comes into its window: how many entries
/// it will never get, without those that are damaged. Precondition: the window expects it.
std::uint64_t load_page(queue::StreamWindow& window, PageRead& page, const queue::StreamExtent& extent);

}  // namespace hermod::broker
