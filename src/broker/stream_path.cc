// The owner's side of a stream: its readers hear of what is stored. They are in stream_reading.cc, and what
// leaves the stream in stream_thinning.cc.

#include <memory>
#include <utility>
#include <vector>

#include "broker/shard.h"

namespace hermod::broker {

/// Which entries there are the committer has said already. Room is only what is on its way.
void Shard::on_stream_told(OwnedQueue& queue, ToQueue::Message& told) {
  if (auto* const stored = std::get_if<QueueEntryStored>(&told)) {
    counters_.add(Counter::QueueStored);
    queue.named->room->give_back({1, stored->entry.message->size()});
    StreamThinning::on_stored(*queue.stream, stored->seq, stored->entry);
    if (queue.places.empty() && queue.stream->groups.empty()) return;
    queue.stream->fresh.push_back(
        {stored->seq, std::move(stored->entry.message), std::move(stored->entry.key)});
  } else if (const auto* admitted = std::get_if<AdmissionStored>(&told)) {
    counters_.add(Counter::QueueStored);
    StreamThinning::on_stored(*queue.stream, admitted->seq, queue.group.admitted(admitted->id));
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
  if (!queue.ending) thinning_.run(queue);
}

void Shard::finish(Connection*, session::Session*, StreamTrimmed& work, std::optional<Errc> error) {
  thinning_.on_taken_out(work, error);
}

void Shard::finish(Connection*, session::Session*, GroupRecorded& work, std::optional<Errc> error) {
  serving_.on_recorded(work, error);
}

}  // namespace hermod::broker
