#include "store/read_view.h"

#include <algorithm>
#include <array>

#include "base/assert.h"
#include "store/entry_walk.h"
#include "store/memtable.h"

namespace hermod::store {
namespace {

/// One slice of a scan: so long a transaction stays open.
constexpr std::size_t kSliceRecords = 1024;
constexpr std::size_t kSliceBytes = std::size_t{1} << 20;
/// Changes taken from memory at once; more than asked for, because some only hide what is in the tables.
constexpr std::size_t kExtraChanges = 64;

}  // namespace

struct ReadView::Snapshot {
  Memtable::Capture memory;
  LmdbTablesReader tables;
  JournalReader journal;
};

struct ReadView::Found {
  StreamId stream;
  Seq seq;
  std::array<std::uint8_t, kHeadSize> head;
  std::size_t value_size = 0;
  MessageId message;
  std::size_t body_size = 0;
};

template <class Look>
Result<ReadView::Snapshot> ReadView::snapshot(Look&& look) {
  // Under the lock, so that nothing moves from memory to the tables between the two looks.
  const auto lock = memtable_.lock();
  // The journal first, as the checkpointer does: each reader may wait for its environment to grow.
  auto journal = journal_.reader();
  if (!journal) return tl::unexpected(journal.error());
  auto tables = tables_.reader();
  if (!tables) return tl::unexpected(tables.error());
  look();
  return Snapshot{memtable_.capture(), std::move(*tables), std::move(*journal)};
}

Result<std::optional<std::string>> ReadView::get(Table table, Bytes key) {
  HERMOD_ASSERT(table != Table::Entries);
  std::optional<Place> place;
  auto snap = snapshot([&] { place = memtable_.find(table, key); });
  if (!snap) return tl::unexpected(snap.error());
  if (place && place->kind() == Change::Erased) return std::optional<std::string>{};
  if (place) {
    auto bytes = snap->journal.read({place->group}, place->offset, place->size);
    if (!bytes) return tl::unexpected(bytes.error());
    return std::optional(std::string(as_text(*bytes)));
  }
  auto found = snap->tables.get(table, key);
  if (!found) return tl::unexpected(found.error());
  if (!*found) return std::optional<std::string>{};
  return std::optional(std::string(as_text(**found)));
}

Result<Slice> ReadView::read_stream(StreamId stream, Seq from, std::size_t max_entries,
                                    std::size_t max_bytes) {
  HERMOD_ASSERT(max_entries > 0);
  Slice slice;
  for (std::size_t bytes = 0;;) {
    StreamChanges changes;
    auto snap = snapshot([&] { changes = memtable_.stream(stream, from, max_entries + kExtraChanges); });
    if (!snap) return tl::unexpected(snap.error());
    EntryWalk walk(snap->tables, snap->journal, changes, stream, from);
    for (;;) {
      auto item = walk.next();
      if (!item) return tl::unexpected(item.error());
      if (!*item) break;
      if (slice.entries.size() + slice.damaged.size() == max_entries) return slice;
      if ((*item)->damage) {
        slice.damaged.push_back({(*item)->seq, (*item)->damage->detail});
        continue;
      }
      StoredEntry entry{(*item)->seq, std::string(as_text((*item)->parts.value)), {}, false, {}};
      if (const MessageId message = (*item)->parts.message; message.v != 0) {
        auto body = body_of(*snap, message);
        if (!body && body.error().code == Errc::Corruption) {
          slice.damaged.push_back({entry.seq, body.error().detail});
          continue;
        }
        if (!body) return tl::unexpected(body.error());
        entry.body = std::move(*body);
        entry.shared = true;
        entry.message = message;
      }
      const std::size_t size = entry.value.size() + entry.body.size();
      if (!slice.entries.empty() && bytes + size > max_bytes) return slice;
      bytes += size;
      slice.entries.push_back(std::move(entry));
    }
    if (changes.bound == StreamChanges::kNoBound) break;
    from = {changes.bound + 1};
  }
  slice.end = true;
  return slice;
}

Result<std::string> ReadView::body_of(Snapshot& snapshot, MessageId message) {
  auto stored = snapshot.tables.get(Table::Messages, as_bytes(number_key(message.v)));
  if (!stored) return tl::unexpected(stored.error());
  if (*stored) return std::string(as_text(**stored));
  const std::optional<Place> place = memtable_.find_message(snapshot.memory, message);
  if (!place || place->kind() != Change::Put)
    return failure(Errc::Corruption, "store: message " + std::to_string(message.v) + " is missing");
  auto bytes = snapshot.journal.read({place->group}, place->offset, place->size);
  if (!bytes) return tl::unexpected(bytes.error());
  return std::string(as_text(*bytes));
}

Result<std::size_t> ReadView::body_size_of(Snapshot& snapshot, MessageId message) {
  auto stored = snapshot.tables.size(Table::Messages, as_bytes(number_key(message.v)));
  if (!stored) return tl::unexpected(stored.error());
  if (*stored) return **stored;
  const std::optional<Place> place = memtable_.find_message(snapshot.memory, message);
  if (!place || place->kind() != Change::Put)
    return failure(Errc::Corruption, "store: message " + std::to_string(message.v) + " is missing");
  return std::size_t{place->size};
}

Status ReadView::scan(Table table, Bytes from_key, const std::function<bool(Bytes key, Bytes value)>& visit) {
  HERMOD_ASSERT(table != Table::Entries);
  std::string from(as_text(from_key));
  std::vector<std::pair<std::string, std::string>> found;
  for (bool more = true; more;) {
    found.clear();
    auto slice = scan_slice(table, from, found);
    if (!slice) return tl::unexpected(slice.error());
    more = *slice;
    for (const auto& [key, value] : found)
      if (!visit(as_bytes(key), as_bytes(value))) return {};
  }
  return {};
}

Result<bool> ReadView::scan_slice(Table table, std::string& from,
                                  std::vector<std::pair<std::string, std::string>>& found) {
  KeyChanges changes;
  auto snap = snapshot([&] { changes = memtable_.keys(table, as_bytes(from), kSliceRecords); });
  if (!snap) return tl::unexpected(snap.error());
  auto stored = snap->tables.seek(table, as_bytes(from));
  auto change = changes.records.begin();
  std::size_t bytes = 0;
  for (;;) {
    if (!stored) return tl::unexpected(stored.error());
    const bool have_change = change != changes.records.end();
    if (!have_change && (!*stored || !changes.complete)) break;
    if (found.size() >= kSliceRecords || bytes >= kSliceBytes) {
      from = found.back().first + '\0';
      return true;
    }
    if (have_change && (!*stored || change->first <= as_text((*stored)->key))) {
      const bool same = *stored && as_text((*stored)->key) == change->first;
      if (change->second.kind() == Change::Put) {
        auto value = snap->journal.read({change->second.group}, change->second.offset, change->second.size);
        if (!value) return tl::unexpected(value.error());
        bytes += value->size();
        found.emplace_back(change->first, as_text(*value));
      }
      ++change;
      if (same) stored = snap->tables.next();
      continue;
    }
    bytes += (*stored)->value.size();
    found.emplace_back(as_text((*stored)->key), as_text((*stored)->value));
    stored = snap->tables.next();
  }
  if (changes.complete) return false;
  from = changes.records.back().first + '\0';
  return true;
}

Status ReadView::scan_entries(StreamId first, const VisitEntry& visit) {
  std::vector<StreamId> in_memory;
  {
    const auto lock = memtable_.lock();
    in_memory = memtable_.stream_ids();
  }
  StreamId stream = first;
  Seq from{0};
  std::vector<Found> found;
  for (bool more = true; more;) {
    found.clear();
    auto slice = entry_slice(in_memory, stream, from, found);
    if (!slice) return tl::unexpected(slice.error());
    more = *slice;
    for (const Found& entry : found)
      if (!visit({entry.stream, entry.seq, Bytes(entry.head).first(std::min(entry.value_size, kHeadSize)),
                  entry.value_size, entry.message, entry.body_size}))
        return {};
  }
  return {};
}

Result<bool> ReadView::entry_slice(const std::vector<StreamId>& in_memory, StreamId& stream, Seq& from,
                                   std::vector<Found>& found) {
  std::size_t bytes = 0;
  auto snap = snapshot([] {});
  for (;;) {
    if (!snap) return tl::unexpected(snap.error());
    auto stored = snap->tables.seek(Table::Entries, as_bytes(entry_key(stream, from)));
    if (!stored) return tl::unexpected(stored.error());
    const auto memory = std::lower_bound(in_memory.begin(), in_memory.end(), stream);
    std::optional<StreamId> next;
    if (*stored) next = StreamId{ByteReader((*stored)->key).u64()};
    const bool changed = memory != in_memory.end() && (!next || *memory <= *next);
    if (changed) next = *memory;
    if (!next) return false;
    if (*next != stream) from = {0};
    stream = *next;
    StreamChanges changes;
    if (changed) {
      // The changes must not be newer than the journal's transaction.
      snap = tl::unexpected(Error{Errc::Busy, {}});  // never two at once: growth waits for the first one
      snap = snapshot([&] { changes = memtable_.stream(stream, from, kSliceRecords); });
      if (!snap) return tl::unexpected(snap.error());
    }
    EntryWalk walk(snap->tables, snap->journal, changes, stream, from);
    for (;;) {
      auto item = walk.next();
      if (!item) return tl::unexpected(item.error());
      if (!*item) break;
      const Seq seq = (*item)->seq;
      if (found.size() >= kSliceRecords || bytes >= kSliceBytes) {
        from = seq;
        return true;
      }
      if ((*item)->damage) {  // an entry without a head, which is none
        found.push_back({stream, seq, {}, 0, {}, 0});
        continue;
      }
      const Bytes value = (*item)->parts.value;
      Found entry{stream, seq, {}, value.size(), (*item)->parts.message, 0};
      std::copy_n(value.begin(), std::min(value.size(), kHeadSize), entry.head.begin());
      bytes += value.size();
      if (entry.message.v != 0) {
        auto size = body_size_of(*snap, entry.message);
        if (!size && size.error().code != Errc::Corruption) return tl::unexpected(size.error());
        entry.body_size = size.value_or(0);  // a message that is missing
      }
      found.push_back(entry);
    }
    if (changes.bound != StreamChanges::kNoBound) {
      from = {changes.bound + 1};
    } else {
      if (stream.v == std::numeric_limits<std::uint64_t>::max()) return false;
      stream.v += 1;
      from = {0};
    }
  }
}

}  // namespace hermod::store
