#include "store/checkpoint_writer.h"

#include <algorithm>

namespace hermod::store {
namespace {

/// One transaction: so much memory it takes, and so long the pages that the journal frees wait.
constexpr std::size_t kMaxOps = 16384;
constexpr std::size_t kMaxBytes = std::size_t{8} << 20;
/// What it may take in the file: its bytes twice, and a page of another entry for every op.
constexpr std::uint64_t kRoom = 2 * kMaxBytes + std::uint64_t{kMaxOps} * 4096;
constexpr std::size_t kStreamSlice = 4096;
/// Entries of a stream whose values are on the way from memory while others are written.
constexpr std::size_t kAhead = 16;
/// Bytes of values that are fetched together.
constexpr std::size_t kMaxFetched = std::size_t{64} << 10;
/// Of each so much is loaded. Of a longer one the wait for its beginning is the smaller part.
constexpr std::size_t kMaxLoaded = 1024;
constexpr std::size_t kCacheLine = 64;
/// Behind the last sequence that there can be.
constexpr std::uint64_t kPastAll = ~std::uint64_t{0};
/// What an entry has around its value on a page: its key, the kind, a checksum, the library's.
constexpr std::size_t kAround = 32;

/// The values of a stream lie as far apart as the groups that they came with: each is on its way from memory
/// while others are written.
void prefetch(const JournalReader::Piece& piece) {
  for (std::size_t at = 0; at < std::min(piece.size, kMaxLoaded); at += kCacheLine)
    __builtin_prefetch(piece.bytes.data() + at);
}

}  // namespace

Status CheckpointWriter::write() {
  // What is written in part is made whole by a replay of the same groups, so the journal must have them.
  if (Status synced = journal_.sync_up_to(generation_.last()); !synced) return synced;
  if (!counts_.known()) {
    if (Status counted = counts_.rebuild(tables_); !counted) return counted;
  }
  if (Status begun = begin(); !begun) return begun;
  if (Status found = find_needed(); !found) return found;
  if (Status written = write_messages(); !written) return written;
  for (std::size_t table = 0; table < kTableCount; ++table)
    if (Status written = write_table(static_cast<Table>(table)); !written) return written;
  if (Status written = write_entries(); !written) return written;
  if (Status erased = generation_.tables_may_know() ? sweep_messages() : erase_messages(); !erased)
    return erased;
  if (Status placed = writer_->set_position({generation_.last().v + 1}); !placed) return placed;
  if (Status committed = writer_->commit(); !committed) return committed;
  writer_.reset();
  reader_.reset();
  return tables_.sync();
}

Status CheckpointWriter::begin(std::uint64_t large) {
  reader_.reset();
  writer_.reset();
  auto reader = journal_.reader();
  if (!reader) return tl::unexpected(reader.error());
  reader_.emplace(std::move(*reader));
  auto writer = tables_.writer(kRoom + 2 * large);
  if (!writer) return tl::unexpected(writer.error());
  writer_.emplace(std::move(*writer));
  ops_in_hand_ = 0;
  bytes_in_hand_ = 0;
  return {};
}

void CheckpointWriter::count(std::size_t bytes) {
  ++ops_in_hand_;
  bytes_in_hand_ += bytes;
  bytes_ += bytes;
}

bool CheckpointWriter::is_enough() const {
  return ops_in_hand_ >= kMaxOps || bytes_in_hand_ >= kMaxBytes;
}

Status CheckpointWriter::breathe(std::size_t bytes) {
  count(bytes);
  return go_on();
}

Status CheckpointWriter::go_on() {
  if (!is_enough()) return {};
  if (Status committed = writer_->commit(); !committed) return committed;
  return begin();
}

Result<Bytes> CheckpointWriter::value(const Place& place) {
  if (place.size > kMaxBytes) {
    if (Status committed = writer_->commit(); !committed) return tl::unexpected(committed.error());
    if (Status begun = begin(place.size); !begun) return tl::unexpected(begun.error());
  }
  return reader_->read({place.group}, place.offset, place.size);
}

Status CheckpointWriter::find_needed() {
  if (generation_.messages().empty()) return {};
  for (const StreamId stream : generation_.stream_ids()) {
    Seq from{0};
    for (bool more = true; more;) {
      const StreamChanges changes = generation_.stream(stream, from, kStreamSlice);
      for (const EntryChange& change : changes.entries) {
        if (change.place.kind() != Change::Shared) continue;
        auto bytes = value(change.place);
        if (!bytes) return tl::unexpected(bytes.error());
        needed_.push_back({ByteReader(*bytes).u64()});
      }
      more = changes.bound != StreamChanges::kNoBound;
      from = {changes.bound + 1};
    }
  }
  std::sort(needed_.begin(), needed_.end());
  needed_.erase(std::unique(needed_.begin(), needed_.end()), needed_.end());
  return {};
}

Status CheckpointWriter::write_messages() {
  for (const auto& [id, place] : generation_.messages()) {
    const MessageId message{id};
    const std::string key = number_key(id);
    if (place.kind() == Change::Erased) {
      if (auto erased = writer_->erase(Table::Messages, as_bytes(key)); !erased)
        return tl::unexpected(erased.error());
    } else if (counts_.of(message) > 0 || std::binary_search(needed_.begin(), needed_.end(), message)) {
      auto bytes = value(place);
      if (!bytes) return tl::unexpected(bytes.error());
      if (Status put = writer_->put(Table::Messages, as_bytes(key), {*bytes}); !put) return put;
      if (Status on = breathe(key.size() + bytes->size()); !on) return on;
    }
  }
  return {};
}

Status CheckpointWriter::write_table(Table table) {
  for (const auto& [key, place] : generation_.records(table)) {
    if (place.kind() == Change::Erased) {
      if (auto erased = writer_->erase(table, as_bytes(key)); !erased) return tl::unexpected(erased.error());
      if (Status on = breathe(key.size()); !on) return on;
      continue;
    }
    auto bytes = value(place);
    if (!bytes) return tl::unexpected(bytes.error());
    if (Status put = writer_->put(table, as_bytes(key), {*bytes}); !put) return put;
    if (Status on = breathe(key.size() + bytes->size()); !on) return on;
  }
  return {};
}

Status CheckpointWriter::write_entries() {
  for (const StreamId stream : generation_.stream_ids()) {
    Seq from{0};
    for (bool more = true; more;) {
      const StreamChanges changes = generation_.stream(stream, from, kStreamSlice);
      if (changes.ended && from.v == 0) {
        if (Status erased = erase_stream(stream); !erased) return erased;
      }
      if (from.v == 0) {
        if (Status looked = look_at_stream(stream); !looked) return looked;
      }
      const std::span<const EntryChange> entries(changes.entries);
      for (std::size_t i = 0; i < entries.size();) {
        std::size_t end = i;
        while (end < entries.size() && is_new(entries[end])) ++end;
        Status written =
            end > i ? write_run(stream, entries.subspan(i, end - i)) : write_entry(stream, entries[i]);
        if (!written) return written;
        i = std::max(end, i + 1);
      }
      more = changes.bound != StreamChanges::kNoBound;
      from = {changes.bound + 1};
    }
  }
  return {};
}

/// What a checkpoint that did not end has written of a stream are its first entries.
Status CheckpointWriter::look_at_stream(StreamId stream) {
  known_ = 0;
  if (!generation_.tables_may_know()) return {};
  const std::string start = entry_key(stream, {0});
  auto last = writer_->last_before(Table::Entries, as_bytes(entry_key(stream, {kPastAll})));
  if (!last) return tl::unexpected(last.error());
  if (!*last || (*last)->size() != start.size() || (*last)->compare(0, 8, start, 0, 8) != 0) return {};
  known_ = ByteReader(as_bytes(**last).subspan(8)).u64();
  return {};
}

bool CheckpointWriter::is_new(const EntryChange& change) const {
  return change.place.has_value() && change.place.fresh == 1 && change.seq > known_ &&
         change.place.size <= kMaxBytes;
}

Status CheckpointWriter::write_run(StreamId stream, std::span<const EntryChange> run) {
  while (!run.empty()) {
    std::uint64_t bytes = 0;
    for (const EntryChange& change : run) bytes += kAround + change.place.size;
    if (Status found = look_ahead(run); !found) return found;
    for (const JournalReader::Piece& piece : ahead_) prefetch(piece);
    if (Status begun = writer_->begin_run(as_bytes(entry_key(stream, {run.front().seq})), bytes); !begun)
      return begun;
    while (!run.empty() && !is_enough()) {
      pieces_.swap(ahead_);
      const std::span<const EntryChange> some = run.first(pieces_.size());
      run = run.subspan(some.size());
      if (Status found = look_ahead(run); !found) return found;
      for (std::size_t i = 0; i < std::max(some.size(), ahead_.size()); ++i) {
        if (i < ahead_.size()) prefetch(ahead_[i]);
        if (i >= some.size()) continue;
        if (Status put = put_entry(stream, some[i], pieces_[i].bytes, /*in_run=*/true); !put) return put;
      }
    }
    if (Status ended = writer_->end_run(); !ended) return ended;
    if (Status on = go_on(); !on) return on;
  }
  return {};
}

Status CheckpointWriter::look_ahead(std::span<const EntryChange> run) {
  ahead_.clear();
  for (std::size_t size = 0; ahead_.size() < std::min(kAhead, run.size()) && size < kMaxFetched;) {
    const Place& place = run[ahead_.size()].place;
    ahead_.push_back({{place.group}, place.offset, place.size, {}});
    size += place.size;
  }
  return reader_->read(ahead_);
}

Status CheckpointWriter::write_entry(StreamId stream, const EntryChange& change) {
  const std::string key = entry_key(stream, {change.seq});
  if (change.place.kind() == Change::Erased || change.place.fresh == 0 || generation_.tables_may_know()) {
    // What is there may name a message.
    std::string old;
    auto erased = change.place.kind() == Change::Erased ? writer_->erase(Table::Entries, as_bytes(key), &old)
                                                        : Result<bool>(false);
    if (!erased) return tl::unexpected(erased.error());
    if (change.place.kind() != Change::Erased) {
      auto found = writer_->get(Table::Entries, as_bytes(key));
      if (!found) return tl::unexpected(found.error());
      if (*found) old = std::move(**found);
      // Overwritten and not there any more: its stream has ended, or an earlier checkpoint has erased it.
      if (!*found && change.place.needs_older()) return {};
    }
    count_out(old);
    if (change.place.kind() == Change::Erased) return breathe(key.size());
  }
  auto bytes = value(change.place);
  if (!bytes) return tl::unexpected(bytes.error());
  if (Status put = put_entry(stream, change, *bytes, /*in_run=*/false); !put) return put;
  return go_on();
}

Status CheckpointWriter::put_entry(StreamId stream, const EntryChange& change, Bytes bytes, bool in_run) {
  auto parts = parts_in_journal(change.place.kind(), bytes);
  if (!parts) return tl::unexpected(parts.error());
  set_entry_key(key_, stream, {change.seq});
  std::string head(1, static_cast<char>(parts->message.v != 0 ? kSharedEntry : kInlineEntry));
  if (parts->message.v != 0) {
    head += number_key(parts->message.v);
    counts_.add(parts->message);
  }
  Status put = in_run ? writer_->put_in_run(as_bytes(key_), {as_bytes(head), parts->value})
                      : writer_->put(Table::Entries, as_bytes(key_), {as_bytes(head), parts->value});
  if (!put) return put;
  count(key_.size() + head.size() + parts->value.size());
  return {};
}

void CheckpointWriter::count_out(const std::string& stored_entry) {
  if (stored_entry.empty()) return;
  const auto parts = parts_in_table(as_bytes(stored_entry));
  if (parts && parts->message.v != 0 && counts_.remove(parts->message) == 0)
    orphans_.push_back(parts->message);
}

Status CheckpointWriter::erase_stream(StreamId stream) {
  const std::string start = entry_key(stream, {0});
  for (;;) {
    auto record = writer_->first(Table::Entries, as_bytes(start));
    if (!record) return tl::unexpected(record.error());
    if (!*record || (*record)->first.compare(0, 8, start, 0, 8) != 0) return {};
    count_out((*record)->second);
    if (auto erased = writer_->erase(Table::Entries, as_bytes((*record)->first)); !erased)
      return tl::unexpected(erased.error());
    if (Status on = breathe(start.size()); !on) return on;
  }
}

Status CheckpointWriter::erase_messages() {
  std::sort(orphans_.begin(), orphans_.end());
  for (const MessageId message : orphans_) {
    if (counts_.of(message) > 0) continue;  // it has got another one
    if (auto erased = writer_->erase(Table::Messages, as_bytes(number_key(message.v))); !erased)
      return tl::unexpected(erased.error());
    if (Status on = breathe(8); !on) return on;
  }
  return {};
}

Status CheckpointWriter::sweep_messages() {
  std::string from;
  for (;;) {
    auto record = writer_->first(Table::Messages, as_bytes(from));
    if (!record) return tl::unexpected(record.error());
    if (!*record) return {};
    const std::string& key = (*record)->first;
    if (key.size() == 8 && counts_.of({ByteReader(as_bytes(key)).u64()}) == 0) {
      if (auto erased = writer_->erase(Table::Messages, as_bytes(key)); !erased)
        return tl::unexpected(erased.error());
    }
    from = key + '\0';
    if (Status on = breathe(8); !on) return on;
  }
}

}  // namespace hermod::store
