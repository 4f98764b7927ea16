// Messages of named queues that are in the store alone: what is read of them, and what is done with the
// answer.

#include <algorithm>
#include <utility>
#include <vector>

#include "base/log.h"
#include "broker/page_reader.h"
#include "broker/shard.h"
#include "queue/queue_id.h"

namespace hermod::broker {

namespace {

/// What could not be read is tried again.
constexpr std::chrono::seconds kReadQueueAgain{1};

/// Precondition: not QueueDying.
queue::ReadFor purpose_for(PageRead::Purpose purpose) {
  switch (purpose) {
    case PageRead::Purpose::QueueLooking:
      return queue::ReadFor::Looking;
    case PageRead::Purpose::QueueEvicting:
      return queue::ReadFor::Evicting;
    case PageRead::Purpose::QueueShowing:
      return queue::ReadFor::Showing;
    default:
      return queue::ReadFor::Lending;
  }
}

}  // namespace

/// Without a store to read from everything stays in memory.
void Shard::bound_memory(OwnedQueue& queue) const {
  if (shared_.reader == nullptr || queue.group_of_stream) return;  // a group is bounded by what it reads
  queue.line.bound_memory();
  queue.group.limit_held(queue::held_limit(shared_.options.queues, owned_.all.size()));
}

void Shard::read_queue(const OwnedQueue& queue, PageRead::Purpose purpose, Seq from) {
  const QueueId id = queue.named->id;
  const queue::NamedQueueOptions& options = shared_.options.queues;
  queue::Amount most{options.page_messages, options.page_bytes};
  if (purpose == PageRead::Purpose::QueueLending) most = queue.group.page();
  const bool is_dead_alone =
      purpose == PageRead::Purpose::QueueDying && queue.line.is_missing_alone(most.messages);
  if (is_dead_alone || failed_reads_.reads_singly(id, purpose)) most = {1, 1};
  shared_.reader->read({id_, SessionId{id.v}, purpose, from, most});
}

/// True: it is one entry, which cannot be read while others can. It is as good as damaged from now on, and
/// stays in the store. Else it is asked for again, and meanwhile nobody waits for it who has a publisher
/// behind him.
bool Shard::gives_up(OwnedQueue& queue, PageRead& page) {
  const auto verdict =
      failed_reads_.on_failed({queue.named->id, page.purpose, page.from}, now() + kReadQueueAgain);
  if (verdict == FailedReads::Verdict::Unreadable) {
    page.end = Seq{page.from.v + 1};
    page.damaged.push_back({page.from, "it cannot be read"});
    return true;
  }
  tell_read_failed(queue);
  touch(queue);
  schedule_deadlines();
  return false;
}

void Shard::tell_read_failed(OwnedQueue& queue) {
  const QueueId id = queue.named->id;
  queue.group.set_read_failed(failed_reads_.has_failed(id, PageRead::Purpose::QueueEvicting) ||
                              failed_reads_.has_failed(id, PageRead::Purpose::QueueDying));
}

void Shard::on_queue_page_read(PageRead& page) {
  const QueueId id{page.session.v};
  const auto found = owned_.all.find(id);
  if (found == owned_.all.end()) return;  // deleted meanwhile
  OwnedQueue& queue = *found->second;
  const Seq from = page.from;
  if (!page.failed) {
    failed_reads_.on_read({id, page.purpose, from});
  } else if (!gives_up(queue, page)) {
    return;
  }
  tell_read_failed(queue);
  // Behind the last of the stream there is nothing to be missed: what is expected there is not there either.
  const Seq end = page.to_end ? Seq{~0ULL} : page.end;
  std::vector<queue::QueueGroup::ReadMessage> messages;
  messages.reserve(page.entries.size());
  for (queue::Entry& entry : page.entries) messages.push_back({entry.seq, std::move(entry.delivery.message)});
  std::vector<Seq> lost;
  if (page.purpose == PageRead::Purpose::QueueDying) {
    queue.is_reading_dead = false;
    const auto read = [&messages](Seq seq) {
      const auto at = std::lower_bound(messages.begin(), messages.end(), seq,
                                       [](const auto& one, Seq wanted) { return one.seq < wanted; });
      return at != messages.end() && at->seq == seq ? at->message : queue::MessagePtr{};
    };
    lost = queue.line.fill(read, from, std::min(end, queue.dying_before));
    std::erase_if(lost, [&](Seq seq) { return queue.group.is_never_stored(seq); });
  } else {
    lost = queue.group.on_read(purpose_for(page.purpose), std::move(messages), from, end, moment());
  }
  tell_lost(page, lost, queue.named->name());
  touch(queue);
}

/// What a page names as damaged may have been lost before, or be still with somebody; and an entry that is
/// simply not there is lost as well.
void Shard::tell_lost(const PageRead& page, const std::vector<Seq>& lost, std::string_view queue) {
  counters_.add(Counter::DroppedDamaged, lost.size());
  for (const Seq seq : lost) {
    const auto named = std::ranges::find(page.damaged, seq, &PageRead::Damaged::seq);
    HERMOD_LOG_LIMITED(log::Level::Error, "store.record_damaged", {"table", "entries"}, {"queue", queue},
                       {"sequence", seq.v},
                       {"why", named != page.damaged.end() ? named->why : "it is not there"});
  }
}

void Shard::read_queues_again() {
  for (const FailedReads::Read& one : failed_reads_.take_due(now()))
    if (const auto found = owned_.all.find(one.queue); found != owned_.all.end())
      read_queue(*found->second, one.purpose, one.from);
}

}  // namespace hermod::broker
