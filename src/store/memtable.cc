#include "store/memtable.h"

#include <algorithm>
#include <iterator>
#include <mutex>

#include "store/group_codec.h"
#include "store/segment_journal.h"

namespace hermod::store {
namespace {

/// Both in order; where both have a key the newer one counts.
template <class Item, class Less>
std::vector<Item> merged(std::vector<Item> newer, std::vector<Item> older, Less less) {
  if (older.empty()) return newer;
  if (newer.empty()) return older;
  std::vector<Item> all;
  all.reserve(newer.size() + older.size());
  // set_union takes what both have from the first range.
  std::set_union(std::make_move_iterator(newer.begin()), std::make_move_iterator(newer.end()),
                 std::make_move_iterator(older.begin()), std::make_move_iterator(older.end()),
                 std::back_inserter(all), less);
  return all;
}

/// The newer changes of a stream over the older ones, which say whether there was what the newer overwrite.
std::vector<EntryChange> laid_over(std::vector<EntryChange> newer, const StreamChanges& older) {
  auto under = older.entries.begin();
  std::size_t kept = 0;
  for (const EntryChange& change : newer) {
    EntryChange laid = change;
    if (change.place.needs_older()) {
      under = std::lower_bound(under, older.entries.end(), change.seq,
                               [](const EntryChange& entry, std::uint64_t seq) { return entry.seq < seq; });
      const bool is_there = under != older.entries.end() && under->seq == change.seq;
      if (is_there ? !under->place.has_value() : older.ended) continue;
      if (is_there) laid.place.fresh = under->place.fresh;
    }
    newer[kept++] = laid;
  }
  newer.resize(kept);
  return merged(std::move(newer), older.entries,
                [](const EntryChange& a, const EntryChange& b) { return a.seq < b.seq; });
}

}  // namespace

Memtable::Memtable(bool recovering) : active_(std::make_shared<Generation>(recovering)) {}

void Memtable::applied(GroupNo number, WallTime /*batch_time*/, std::span<const Submission> group) {
  std::size_t offset = kGroupHeaderSize;
  std::size_t accepted = 0;
  batches_.clear();
  for (const Submission& submission : group) {
    if (submission.batch.empty()) continue;
    batches_.push_back({submission.batch.encoded(), offset + submission.batch.head_size()});
    offset += submission.batch.bytes();
    accepted += submission.batch.value_bytes();
  }
  offset += kGroupTrailerSize;
  {
    const std::lock_guard lock(mutex_);
    active_->apply(number, batches_);
    count(number, offset);
  }
  accepted_bytes_.fetch_add(accepted, std::memory_order_relaxed);
  finish(number, offset);
}

Status Memtable::replay(GroupNo number, Bytes record) {
  const Result<Group> group = decode_group(record);
  if (!group) return tl::unexpected(group.error());
  if (group->number != number) return failure(Errc::Corruption, "journal record: the number is not its key");
  batches_.clear();
  for (const EncodedBatch& batch : group->batches)
    batches_.push_back({batch, static_cast<std::size_t>(batch.ops.data() - record.data())});
  {
    const std::lock_guard lock(mutex_);
    active_->apply(number, batches_);
    count(number, record.size());
  }
  finish(number, record.size());
  return {};
}

void Memtable::count(GroupNo number, std::size_t record_bytes) {
  active_->count_group(number, SegmentJournal::footprint(record_bytes));
  active_memory_.store(active_->memory_bytes(), std::memory_order_relaxed);
}

void Memtable::finish(GroupNo number, std::size_t record_bytes) {
  next_group_.store(number.v + 1, std::memory_order_release);
  const std::uint64_t taken = SegmentJournal::footprint(record_bytes);
  const std::uint64_t before = active_bytes_.fetch_add(taken, std::memory_order_relaxed);
  if (on_growth_) on_growth_({before + taken, active_memory()});
}

bool Memtable::has_room(std::size_t bytes) const {
  return room_ == nullptr ||
         room_->has(bytes, frozen_bytes_.load(std::memory_order_relaxed) + active_bytes());
}

std::shared_ptr<const Generation> Memtable::freeze() {
  const std::lock_guard lock(mutex_);
  if (!frozen_ && !active_->empty()) {
    frozen_ = std::exchange(active_, std::make_shared<Generation>(false));
    frozen_bytes_.store(active_bytes_.exchange(0, std::memory_order_relaxed), std::memory_order_relaxed);
    active_memory_.store(0, std::memory_order_relaxed);
  }
  return frozen_;
}

void Memtable::mark_frozen_unknown() {
  const std::lock_guard lock(mutex_);
  if (frozen_) frozen_->set_tables_may_know();
}

void Memtable::drop_frozen() {
  std::shared_ptr<Generation> gone;  // freed behind the lock
  const std::lock_guard lock(mutex_);
  gone.swap(frozen_);
  frozen_bytes_.store(0, std::memory_order_relaxed);
}

StreamChanges Memtable::stream(StreamId stream, Seq from, std::size_t max) const {
  return stream_in(capture(), stream, from, max);
}

StreamChanges Memtable::stream_in(const Capture& capture, StreamId stream, Seq from, std::size_t max) {
  StreamChanges changes = capture.active->stream(stream, from, max);
  if (!capture.frozen || changes.ended) return changes;
  const StreamChanges older = capture.frozen->stream(stream, from, max);
  changes.ended = older.ended;
  changes.bound = std::min(changes.bound, older.bound);
  changes.entries = laid_over(std::move(changes.entries), older);
  while (!changes.entries.empty() && changes.entries.back().seq > changes.bound) changes.entries.pop_back();
  return changes;
}

KeyChanges Memtable::keys(Table table, Bytes from, std::size_t max) const {
  KeyChanges changes = active_->keys(table, from, max);
  if (!frozen_) return changes;
  KeyChanges older = frozen_->keys(table, from, max);
  std::optional<std::string> bound;
  for (const KeyChanges* part : {&changes, &older})
    if (!part->complete && (!bound || part->records.back().first < *bound))
      bound = part->records.back().first;
  changes.records = merged(std::move(changes.records), std::move(older.records),
                           [](const auto& a, const auto& b) { return a.first < b.first; });
  changes.complete = !bound;
  while (bound && !changes.records.empty() && *bound < changes.records.back().first)
    changes.records.pop_back();
  return changes;
}

std::optional<Place> Memtable::find(Table table, Bytes key) const {
  std::optional<Place> found = active_->find(table, key);
  if (!found && frozen_) found = frozen_->find(table, key);
  return found;
}

std::vector<StreamId> Memtable::stream_ids() const {
  std::vector<StreamId> ids = active_->stream_ids();
  if (!frozen_) return ids;
  return merged(std::move(ids), frozen_->stream_ids(), std::less<>());
}

std::optional<Place> Memtable::find_message(const Capture& capture, MessageId id) const {
  const auto held = lock();
  std::optional<Place> found = capture.active->find_message(id);
  if (!found && capture.frozen) found = capture.frozen->find_message(id);
  return found;
}

Memtable::Size Memtable::active_size() const {
  const auto held = lock();
  return {active_->live_entries(), active_->live_bytes(), active_->streams(), active_->record_bytes(),
          active_->memory_bytes()};
}

Memtable::Size Memtable::size() const {
  Size size = active_size();
  const auto held = lock();
  if (!frozen_) return size;
  size.live_entries += frozen_->live_entries();
  size.live_bytes += frozen_->live_bytes();
  size.streams += frozen_->streams();
  size.record_bytes += frozen_->record_bytes();
  size.memory_bytes += frozen_->memory_bytes();
  return size;
}

}  // namespace hermod::store
