#include "broker/stream_thinning.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "base/log.h"
#include "broker/page_reader.h"
#include "queue/queue_changes.h"
#include "queue/queue_id.h"
#include "queue/records.h"

namespace hermod::broker {

namespace {

/// Sequences that one batch takes out of the store because of the retention at about most, and entries
/// because of newer ones.
constexpr std::uint64_t kMostLeavingAtOnce = 4096;
/// When so many have to leave nothing is read that would find more.
constexpr std::size_t kMostLeavingAhead = 2 * kMostLeavingAtOnce;
/// What waits for the time of day is looked at again after this: somebody may have set the clock.
constexpr std::chrono::hours kLongestWait{1};
constexpr std::chrono::seconds kReadStreamAgain{1};

}  // namespace

void StreamThinning::on_stored(OwnedStream& stream, Seq seq, const queue::QueueEntry& entry) {
  if (stream.compaction) stream.compaction->on_stored(seq, entry.key, entry.message->size());
}

void StreamThinning::run(OwnedQueue& queue) {
  OwnedStream& stream = *queue.stream;
  follow_definition(queue);
  const bool has_to_read = stream.compaction && stream.compaction->to_read() && !stream.is_to_read &&
                           stream.compaction->older() < kMostLeavingAhead;
  if (has_to_read) {
    stream.is_to_read = true;
    to_read_.push_back(queue.named->id);
  }
  read_on();
  take_out(queue);
}

/// What is told from now on is behind the end: the extent is never behind what the owner hears. What is on
/// its way out is not read once more.
void StreamThinning::follow_definition(OwnedQueue& queue) {
  OwnedStream& stream = *queue.stream;
  const bool is_wanted = queue.named->definition.last_value;
  if (is_wanted == (stream.compaction != nullptr)) return;
  stream.compaction.reset();
  if (!is_wanted || stream.is_thinning || !stream.older.empty()) return;
  const queue::StreamExtent& extent = *queue.named->stream;
  stream.compaction = std::make_unique<queue::StreamCompaction>(extent.first(), extent.next());
}

/// One page of one stream at a time: readers have the pool for themselves, but for that.
void StreamThinning::read_on() {
  if (is_reading_ || (read_again_at_ && host_.now() < *read_again_at_)) return;
  read_again_at_.reset();
  while (!to_read_.empty()) {
    const auto found = owned_.all.find(to_read_.front());
    to_read_.pop_front();
    if (found == owned_.all.end()) continue;  // deleted meanwhile
    OwnedStream& stream = *found->second->stream;
    stream.is_to_read = false;
    const std::optional<Seq> from = stream.compaction ? stream.compaction->to_read() : std::nullopt;
    if (!from) continue;
    stream.is_to_read = is_reading_ = true;
    const queue::NamedQueueOptions& options = shared_.options.queues;
    return shared_.reader->read({.shard = shard_,
                                 .session = SessionId{found->first.v},
                                 .purpose = PageRead::Purpose::StreamThinning,
                                 .from = *from,
                                 .most = {options.page_messages, options.page_bytes}});
  }
}

/// What cannot be read is tried again. One that is damaged has no key that anybody knows, and stays.
void StreamThinning::on_page(const PageRead& page) {
  is_reading_ = false;
  if (page.failed) read_again_at_ = host_.now() + kReadStreamAgain;
  const auto found = owned_.all.find(QueueId{page.session.v});
  if (found == owned_.all.end()) {  // deleted meanwhile
    read_again_at_.reset();
    return read_on();
  }
  OwnedStream& stream = *found->second->stream;
  stream.is_to_read = false;
  host_.touch(*found->second);
  const std::optional<Seq> wanted = stream.compaction ? stream.compaction->to_read() : std::nullopt;
  const bool is_expected = wanted && page.from <= *wanted && !page.failed;  // or last_value has begun anew
  if (is_expected) {
    stream.compaction->on_read(page.stream->entries, page.to_end ? Seq{~0ULL} : page.end);
    if (!stream.compaction->to_read())
      log::event(log::Level::Info, "stream.keys_known",
                 {{"queue", found->second->named->name()}, {"keys", stream.compaction->keys()}});
  }
  read_on();
}

/// A slice of what has to leave; the next follows when it is done. The last entry of all leaves a mark, from
/// which a start knows what comes next.
void StreamThinning::take_out(OwnedQueue& queue) {
  OwnedStream& stream = *queue.stream;
  if (stream.is_thinning || queue.waits_for_store) return;
  queue::StreamExtent& extent = *queue.named->stream;
  while (stream.older.empty() && stream.compaction && stream.compaction->older() > 0) {
    stream.older = stream.compaction->take_older(kMostLeavingAtOnce);
    std::erase_if(stream.older, [&](const auto& one) { return !extent.remove(one.seq, one.size); });
  }
  if (!stream.leaving) {
    stream.leaving = extent.take_leaving(host_.wall(), kMostLeavingAtOnce);
    if (stream.leaving && stream.compaction) stream.compaction->retire(stream.leaving->to);
  }
  if (!stream.leaving && stream.older.empty()) return;
  store::WriteBatch batch;
  const StreamId id = queue::stream_of(queue.named->id);
  for (const auto& one : stream.older) queue::erase_entry(batch, id, one.seq);
  if (stream.leaving) {
    const Seq mark = stream.leaving->leaves_mark ? Seq{stream.leaving->to.v - 1} : Seq{};
    for (const auto& [from, to] : stream.leaving->stretches)
      for (Seq seq = from; seq < to; ++seq.v)
        if (seq != mark) queue::erase_entry(batch, id, seq);
    if (stream.leaving->leaves_mark) queue::record_released(batch, id, mark);
  }
  stream.is_thinning = true;
  host_.submit(std::move(batch), std::nullopt, SessionId{}, StreamTrimmed{queue.named->id},
               {.sync = false, .flush = queue.named->definition.flush});
}

void StreamThinning::on_taken_out(const StreamTrimmed& work, std::optional<Errc> error) {
  const auto found = owned_.all.find(work.queue);
  if (found == owned_.all.end()) return;
  OwnedQueue& queue = *found->second;
  queue.stream->is_thinning = false;
  if (error) {  // the same once more
    queue.waits_for_store = true;
    not_taken_.settlements.push_back(work.queue);
    return host_.write_again_later();
  }
  counters_.add(Counter::StreamCompacted, queue.stream->older.size());
  queue.stream->older.clear();
  if (queue.stream->leaving) counters_.add(Counter::StreamRetired, queue.stream->leaving->entries);
  queue.stream->leaving.reset();
  host_.touch(queue);
}

std::optional<MonotonicTime> StreamThinning::next_due(const OwnedQueue& queue) {
  if (queue.ending) return std::nullopt;
  std::optional<MonotonicTime> due;
  if (queue.stream->is_to_read && !is_reading_) due = read_again_at_;
  const std::optional<WallTime> retired = queue.named->stream->next_due();
  if (!retired || queue.stream->is_thinning) return due;
  const auto left =
      std::clamp<WallTime::duration>(*retired - host_.wall(), std::chrono::milliseconds(1), kLongestWait);
  const MonotonicTime at = host_.now() + left;
  return due ? std::min(*due, at) : at;
}

}  // namespace hermod::broker
