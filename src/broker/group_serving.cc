#include "broker/group_serving.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "broker/page_reader.h"
#include "broker/queue_flush.h"
#include "queue/group_records.h"
#include "queue/queue_changes.h"
#include "queue/queue_id.h"

namespace hermod::broker {

namespace {

/// What could not be read is tried again.
constexpr std::chrono::seconds kReadGroupAgain{1};

bool has_expired(const queue::MoveToDeadLetters& dead) {
  return dead.entry.deaths.back().reason == queue::DeathReason::Expired;
}

}  // namespace

OwnedQueue* GroupServing::find(QueueId group) {
  const auto found = owned_.all.find(group);
  return found != owned_.all.end() && found->second->group_of_stream ? found->second.get() : nullptr;
}

bool GroupServing::takes_members(const OwnedQueue* queue) {
  if (queue == nullptr) return false;
  return !queue->group_of_stream || !(queue->group_of_stream->is_deleted || queue->group_of_stream->is_ended);
}

void GroupServing::link(const OwnedQueue& group) {
  if (!group.group_of_stream) return;
  OwnedQueue* const stream = host_.owned_queue(group.named->group->stream);
  HERMOD_ASSERT(stream != nullptr && stream->stream);
  stream->stream->groups.push_back(group.named->id);
}

bool GroupServing::has_members(const OwnedQueue& group) {
  return group.group.consumers() > 0 || group.group.leases() > 0;
}

void GroupServing::on_grown(const OwnedStream& stream, const std::vector<queue::StreamEntry>& entries) {
  for (const QueueId id : stream.groups) {
    OwnedQueue& group = *find(id);
    if (!has_members(group)) continue;  // it reads when somebody comes
    group.group_of_stream->reading.window().offer(entries);
    host_.touch(group);
  }
}

void GroupServing::redefine(const OwnedStream& stream) {
  for (const QueueId id : stream.groups) {
    OwnedQueue& group = *find(id);
    group.named = shared_.queues.find(id);
    group.group_of_stream->has_new_definition = true;
    for (const auto& [member, place] : group.places)
      host_.tell(place.shard, FromQueue{id, QueueRedefined{member, group.named}});
    host_.touch(group);
  }
}

/// What is in hand has to be settled before its order, key or lanes change: then nothing is handed on.
void GroupServing::take_definition(OwnedQueue& group) {
  OwnedGroup& it = *group.group_of_stream;
  if (!it.has_new_definition) return;
  it.has_new_definition = !group.group.change(group.named->definition, moment()).has_value();
  if (it.has_new_definition) it.reading.rest(group.group, moment());
}

/// What its subscriptions say now, which may be newer than what has just been heard of a member.
void GroupServing::take_filter(OwnedQueue& group) {
  OwnedGroup& it = *group.group_of_stream;
  const queue::StreamGroup& named = *group.named->group;
  const auto text = shared_.queues.group_filters().filter_of({named.stream, named.name});
  if (!text || *text == it.reading.filter().text()) return;
  queue::PropertyFilter filter;
  if (!text->empty()) filter = queue::PropertyFilter::parse(*text).value();
  it.reading.set_filter(std::move(filter), group.group, moment());
}

void GroupServing::count_filtered(OwnedQueue& group) {
  OwnedGroup& it = *group.group_of_stream;
  const std::uint64_t all = it.reading.filtered();
  counters_.add(Counter::StreamFiltered, all - std::exchange(it.filtered_counted, all));
}

void GroupServing::feed(OwnedQueue& group) {
  OwnedGroup& it = *group.group_of_stream;
  it.reading.drop_stale(group.group, moment());
  it.reading.drop_unfit(group.group, moment());
  take_definition(group);
  if (it.is_ended || it.is_deleted || it.has_new_definition || !has_members(group)) return;
  counters_.add(Counter::DroppedExpired, it.reading.feed(group.group, moment()));
}

/// A group has nothing in the store but its record. Without dead letters what is decided is done at once;
/// with them the record goes along, so that a crash brings back neither of both or both.
void GroupServing::settle(OwnedQueue& group) {
  OwnedGroup& it = *group.group_of_stream;
  const std::string target = group.named->definition.dead_letter_target();
  while (!group.is_committing && !group.waits_for_store) {
    const std::vector<queue::StoreChange>& changes = group.line.batch();
    if (changes.empty()) return;
    QueueSettled work{.queue = group.named->id};
    store::WriteBatch batch;
    std::vector<Seq> settled;
    bool has_dead = false;
    for (const queue::StoreChange& change : changes) {
      if (const auto* erased = std::get_if<queue::EraseEntry>(&change)) settled.push_back(erased->seq);
      const auto* const dead = std::get_if<queue::MoveToDeadLetters>(&change);
      if (dead == nullptr) continue;
      settled.push_back(dead->seq);
      if (has_expired(*dead)) continue;
      has_dead = true;
      const queue::NamedQueuePtr letters = target.empty() ? nullptr : shared_.queues.find(target);
      if (!it.is_ended && letters && letters->room->take({1, dead->entry.message->size()})) {
        queue::append_queue_entry(batch, letters->id, dead->entry);
        work.dead_letters.push_back({letters, dead->entry});
      } else {
        work.refused.push_back(dead->seq);
      }
    }
    if (has_dead && !it.is_ended) {
      const queue::StreamGroup& named = *group.named->group;
      queue::record_group(batch, named.stream, named.number, {named.name, it.reading.with(settled)});
      group.is_committing = true;
      const auto flush = flush_for(*group.named, work.dead_letters, shared_.options.store.flush);
      return host_.submit(std::move(batch), std::nullopt, SessionId{}, std::move(work),
                          {.sync = false, .flush = flush});
    }
    host_.count_settled(group, work);
    host_.touch(group);  // what comes back because of it is dealt out when it has been looked at
    on_settled(group);
    for (const Seq seq : group.line.made()) group.group.on_settled(seq, moment());
  }
}

void GroupServing::on_settled(OwnedQueue& group) {
  for (const queue::StoreChange& change : group.line.under_way()) {
    if (const auto* erased = std::get_if<queue::EraseEntry>(&change))
      group.group_of_stream->reading.settle(erased->seq);
    if (const auto* dead = std::get_if<queue::MoveToDeadLetters>(&change))
      group.group_of_stream->reading.settle(dead->seq);
  }
}

void GroupServing::go_on(OwnedQueue& group) {
  OwnedGroup& it = *group.group_of_stream;
  if (!has_members(group)) {
    if (!it.reading.is_resting()) it.reading.rest(group.group, moment());
  } else if (!it.is_ended && !it.is_deleted && !it.has_new_definition) {
    read_ahead(group);
    if (it.reading.could_feed(group.group)) host_.touch(group);
  }
  count_filtered(group);
  group.named->group->show(it.reading.position());
  record(group);
  if (group.group.has_effects()) host_.touch(group);
}

/// Asks for the next page while the one before is being dealt out. What the retention has taken away
/// meanwhile the group does not get.
void GroupServing::read_ahead(OwnedQueue& group) {
  OwnedGroup& it = *group.group_of_stream;
  const queue::StreamGroup& named = *group.named->group;
  const Seq end = named.extent->next();
  if (it.read_again_at && host_.now() < *it.read_again_at) return;
  it.read_again_at.reset();
  if (!it.reading.window().should_read(end)) return;
  const std::uint64_t lost = it.reading.begin_at_least(named.extent->first(), named.extent->holes_from());
  it.passed_over += lost;
  counters_.add(Counter::StreamPassedOver, lost);
  const queue::NamedQueueOptions& options = shared_.options.queues;
  shared_.reader->read({.shard = shard_,
                        .session = SessionId{named.stream.v},
                        .purpose = PageRead::Purpose::StreamGroup,
                        .from = it.reading.window().begin_page(),
                        .most = {options.reader_messages / 2, options.reader_bytes / 2},
                        .reader = SessionId{group.named->id.v},
                        .stored = end});
}

/// A page for a group that has gone, or stands elsewhere now, is nobody's.
void GroupServing::on_page(PageRead& page) {
  OwnedQueue* const group = find(QueueId{page.stream->reader.v});
  if (group == nullptr || !group->group_of_stream->reading.window().expects(page.from)) return;
  OwnedGroup& it = *group->group_of_stream;
  host_.touch(*group);
  if (page.failed) {
    it.reading.window().fail_page();
    it.read_again_at = host_.now() + kReadGroupAgain;
    return;
  }
  host_.tell_damaged(page, group->named->name());
  const std::uint64_t lost = load_page(it.reading.window(), page, *group->named->group->extent);
  it.passed_over += lost;
  counters_.add(Counter::StreamPassedOver, lost);
}

/// One record is under way at a time, synced as the stream is: a kill takes back a few steps at most, and a
/// power cut what its policy lets it take.
void GroupServing::record(OwnedQueue& group) {
  OwnedGroup& it = *group.group_of_stream;
  if (it.recorded == it.reading.revision() && !it.is_deleted) return;
  if (it.is_recording || it.is_ended || group.is_committing || group.waits_for_store) return;
  const queue::StreamGroup& named = *group.named->group;
  store::WriteBatch batch;
  if (it.is_deleted) {
    queue::erase_group(batch, named.stream, named.number);
  } else {
    queue::record_group(batch, named.stream, named.number, {named.name, it.reading.position()});
  }
  it.is_recording = true;
  host_.submit(std::move(batch), std::nullopt, SessionId{},
               GroupRecorded{group.named->id, it.reading.revision(), it.is_deleted},
               {.sync = !it.asked.empty(),  // who asks is answered for good
                .flush = group.named->definition.flush});
}

void GroupServing::on_recorded(const GroupRecorded& recorded, std::optional<Errc> error) {
  OwnedQueue* const group = find(recorded.group);
  if (group == nullptr) return;
  OwnedGroup& it = *group->group_of_stream;
  it.is_recording = false;
  if (error) {
    group->waits_for_store = true;
    not_taken_.settlements.push_back(recorded.group);
    return host_.write_again_later();
  }
  it.recorded = recorded.revision;
  group->named->group->is_recorded = true;
  answer_asked(*group, recorded.is_erased ? ~std::uint64_t{0} : recorded.revision);
  if (recorded.is_erased) return forget(recorded.group);
  host_.touch(*group);
}

std::optional<MonotonicTime> GroupServing::next_due(const OwnedQueue& group) {
  return group.group_of_stream->read_again_at;
}

void GroupServing::gather(QueueId stream) {
  for (const queue::NamedQueuePtr& group : shared_.queues.groups_of(stream)) host_.owned_queue(group->id);
}

void GroupServing::erase_records(const OwnedStream& stream, store::WriteBatch& batch) {
  for (const QueueId id : stream.groups) {
    OwnedQueue& group = *find(id);
    group.group_of_stream->is_ended = true;
    queue::erase_group(batch, group.named->group->stream, group.named->group->number);
  }
}

void GroupServing::forget(const OwnedStream& stream) {
  for (const QueueId id : std::vector(stream.groups)) forget(id);
}

void GroupServing::forget(QueueId id) {
  OwnedQueue& group = *find(id);
  for (const OwnedGroup::Asked& asked : group.group_of_stream->asked)
    host_.answer_order(id, asked.asker, failure(Errc::NotFound, "queue: it has been deleted meanwhile"));
  if (OwnedQueue* const stream = host_.owned_queue(group.named->group->stream))
    std::erase(stream->stream->groups, id);
  owned_.due.cancel(id);
  owned_.all.erase(id);
}

}  // namespace hermod::broker
