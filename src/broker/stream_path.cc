// The owner's side of a stream: its readers hear of what is stored, and what its retention does not keep
// leaves the store. Readers are in stream_reading.cc.

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "broker/shard.h"
#include "queue/queue_changes.h"
#include "queue/queue_id.h"
#include "queue/records.h"

namespace hermod::broker {

namespace {

/// Entries that one batch takes out of the store at about most.
constexpr std::uint64_t kMostLeavingAtOnce = 4096;
/// What waits for the time of day is looked at again after this: somebody may have set the clock.
constexpr std::chrono::hours kLongestWait{1};

}  // namespace

/// Which entries there are the committer has said already. Room is only what is on its way.
void Shard::on_stream_told(OwnedQueue& queue, ToQueue::Message& told) {
  if (auto* const stored = std::get_if<QueueEntryStored>(&told)) {
    counters_.add(Counter::QueueStored);
    queue.named->room->give_back({1, stored->entry.message->size()});
    if (queue.places.empty() && queue.stream->groups.empty()) return;
    queue.stream->fresh.push_back(
        {stored->seq, std::move(stored->entry.message), std::move(stored->entry.key)});
  } else if (const auto* admitted = std::get_if<AdmissionStored>(&told)) {
    counters_.add(Counter::QueueStored);
    static_cast<void>(queue.group.on_failed(admitted->id, moment()));  // the group keeps nothing of it
    queue.stream->has_grown = true;
  } else if (const auto* failed = std::get_if<AdmissionFailed>(&told)) {
    static_cast<void>(queue.group.on_failed(failed->id, moment()));
  } else if (const auto* joined = std::get_if<ConsumerJoined>(&told)) {
    if (!queue.attach(joined->consumer, {joined->shard, joined->attachment})) return;
    queue.stream->has_grown = true;  // maybe since it looked, and nobody has told it
  } else if (std::holds_alternative<SubscribersForgotten>(told)) {
    on_subscribers_forgotten(queue);
  } else if (const auto* left = std::get_if<ConsumerDisconnected>(&told)) {
    queue.detach(left->consumer, left->attachment);
  }
}

/// Once for all that came in a tick.
void Shard::run_stream(OwnedQueue& queue) {
  OwnedStream& stream = *queue.stream;
  if (!stream.fresh.empty() || std::exchange(stream.has_grown, false)) {
    const auto entries =
        std::make_shared<const std::vector<queue::StreamEntry>>(std::exchange(stream.fresh, {}));
    for (const auto& [reader, place] : queue.places)
      tell(place.shard, FromQueue{queue.named->id, StreamGrew{reader, place.attachment, entries}});
    serving_.on_grown(stream, *entries);
  }
  if (!queue.ending) trim_stream(queue);
}

/// A slice of what has to leave; the next follows when it is done. The last entry of all leaves a mark, from
/// which a start knows what comes next.
void Shard::trim_stream(OwnedQueue& queue) {
  OwnedStream& stream = *queue.stream;
  if (stream.is_trimming || queue.waits_for_store) return;
  if (!stream.leaving) stream.leaving = queue.named->stream->take_leaving(wall(), kMostLeavingAtOnce);
  if (!stream.leaving) return;
  const queue::StreamExtent::Leaving& leaving = *stream.leaving;
  store::WriteBatch batch;
  const StreamId id = queue::stream_of(queue.named->id);
  const Seq end = leaving.leaves_mark ? Seq{leaving.to.v - 1} : leaving.to;
  for (Seq seq = leaving.from; seq < end; ++seq.v) queue::erase_entry(batch, id, seq);
  if (leaving.leaves_mark) queue::record_released(batch, id, end);
  stream.is_trimming = true;
  submit(std::move(batch), std::nullopt, SessionId{}, StreamTrimmed{queue.named->id}, {.sync = false});
}

void Shard::finish(Connection*, session::Session*, StreamTrimmed& work, std::optional<Errc> error) {
  const auto found = owned_.all.find(work.queue);
  if (found == owned_.all.end()) return;
  OwnedQueue& queue = *found->second;
  queue.stream->is_trimming = false;
  if (error) {  // the same once more
    queue.waits_for_store = true;
    not_taken_.settlements.push_back(work.queue);
    return write_again_later();
  }
  counters_.add(Counter::StreamRetired, queue.stream->leaving->entries);
  queue.stream->leaving.reset();
  touch(queue);
  tick_soon();
}

void Shard::finish(Connection*, session::Session*, GroupRecorded& work, std::optional<Errc> error) {
  serving_.on_recorded(work, error);
}

/// When its oldest entries are too old.
std::optional<MonotonicTime> Shard::stream_due(const OwnedQueue& queue) {
  const std::optional<WallTime> due = queue.named->stream->next_due();
  if (!due || queue.ending || queue.stream->is_trimming) return std::nullopt;
  const auto left = std::clamp<WallTime::duration>(*due - wall(), std::chrono::milliseconds(1), kLongestWait);
  return now() + left;
}

}  // namespace hermod::broker
