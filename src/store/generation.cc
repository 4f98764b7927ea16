#include "store/generation.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/assert.h"

namespace hermod::store {
namespace {

constexpr std::uint32_t kWorthCompacting = 32;
/// A list of so many entries or more gets room for a quarter more: twice as much would be empty half of the
/// time. Most streams have one entry or two, and room for as many.
constexpr std::size_t kLongList = 8;
constexpr std::size_t kGrowthPart = 4;
/// Ops whose memory is waited for together: the streams of a group are mostly many and cold.
constexpr std::size_t kStride = 16;

}  // namespace

Place place_of(Change change, GroupNo group, std::size_t offset, std::size_t size) {
  HERMOD_ASSERT(group.v < std::uint64_t{1} << 56 && offset <= std::numeric_limits<std::uint32_t>::max() &&
                size <= std::numeric_limits<std::uint32_t>::max());
  Place place{};
  place.group = group.v & ((std::uint64_t{1} << 56) - 1);
  place.change = static_cast<std::uint8_t>(change) & 0x7FU;
  place.fresh = 0;
  place.offset = static_cast<std::uint32_t>(offset);
  place.size = static_cast<std::uint32_t>(size);
  return place;
}

void Generation::count_group(GroupNo group, std::size_t record_bytes) {
  if (first_.v == 0) first_ = group;
  last_ = group;
  record_bytes_ += record_bytes;
}

void Generation::apply(GroupNo group, std::span<const BatchInRecord> batches) {
  if (base_group_ == 0) base_group_ = group.v;
  std::array<Step, kStride> steps;
  std::size_t count = 0;
  for (std::size_t i = 0; i < batches.size(); ++i) {
    const auto& [batch, offset] = batches[i];
    if (i + kStride < batches.size()) __builtin_prefetch(batches[i + kStride].batch.ops.data());
    OpReader reader(batch);
    while (const std::optional<Op> op = reader.next()) {
      if (op->table == Table::Entries) streams_.prefetch(op->stream.v);
      const bool has_value = op->value.data() != nullptr;
      const std::ptrdiff_t before = has_value ? op->value.data() - batch.ops.data() : 0;
      steps[count++] = {*op, offset + static_cast<std::size_t>(before)};
      if (count == kStride) apply(group, std::span(steps).first(std::exchange(count, 0)));
    }
  }
  apply(group, std::span(steps).first(count));
}

void Generation::apply(GroupNo group, std::span<Step> steps) {
  streams_.reserve(streams_.size() + steps.size());  // or finding the later ones could move the earlier
  for (Step& step : steps) {
    if (step.op.table != Table::Entries) continue;
    step.stream = &streams_[step.op.stream.v];
    expect_changes(*step.stream);
  }
  for (const Step& step : steps) apply(group, step);
}

void Generation::apply(GroupNo group, const Step& step) {
  const Op& op = step.op;
  switch (op.kind) {
    case Op::Kind::Put:
      return apply_keyed(op, place_of(Change::Put, group, step.at, op.value.size()));
    case Op::Kind::Erase:
      return apply_keyed(op, place_of(Change::Erased));
    case Op::Kind::Append:
      return append(*step.stream, op.seq, place_of(Change::Put, group, step.at, op.value.size()));
    case Op::Kind::AppendShared: {
      const std::size_t before = 8 + varint_size(op.value.size());
      return append(*step.stream, op.seq,
                    place_of(Change::Shared, group, step.at - before, before + op.value.size()));
    }
    case Op::Kind::PutEntry:
      return put_entry(*step.stream, op.seq, place_of(Change::Put, group, step.at, op.value.size()));
    case Op::Kind::EraseEntry:
      return erase_entry(*step.stream, op.seq);
    case Op::Kind::EraseStream:
      return erase_stream(*step.stream, op.stream);
  }
}

/// An append writes behind the last entry; what is erased is mostly the first.
void Generation::expect_changes(const Stream& stream) {
  if (stream.appended.empty()) return;
  __builtin_prefetch(&stream.appended.back(), 1);
  __builtin_prefetch(stream.appended.data() + stream.head, 1);
}

void Generation::apply_keyed(const Op& op, Place place) {
  if (op.table == Table::Messages) {
    const bool fresh = messages_.insert_or_assign(ByteReader(op.key).u64(), place).second;
    if (fresh) memory_bytes_ += kPlaceMemory;
  } else {
    auto& records = tables_[static_cast<std::size_t>(op.table)];
    const bool fresh = records.insert_or_assign(std::string(as_text(op.key)), place).second;
    if (fresh) memory_bytes_ += kRecordMemory + op.key.size();
  }
}

void Generation::append(Stream& stream, Seq seq, Place place) {
  if (stream.ended) return;  // against the rule: nothing is appended to a stream that has ended
  place.fresh = 1;
  std::vector<Appended>& appended = stream.appended;
  if (appended.empty()) stream.base = seq.v;
  if (!is_near(stream, seq, place)) return replace(older(stream, seq.v), place);
  if (!appended.empty() && stream.base + appended.back().seq >= seq.v) {
    if (Appended* there = find_appended(stream, seq.v); there != nullptr)
      return replace(stream, *there, place);
    return replace(older(stream, seq.v), place);
  }
  if (appended.size() == appended.capacity()) {
    const std::size_t size = appended.size();
    const std::size_t more = size < kLongList ? std::max<std::size_t>(size, 1) : size / kGrowthPart;
    memory_bytes_ += more * sizeof(Appended);
    appended.reserve(appended.size() + more);
  }
  appended.push_back(packed(stream, seq.v, place));
  count(place, 1);
}

bool Generation::is_near(const Stream& stream, Seq seq, const Place& place) const {
  return seq.v >= stream.base && seq.v - stream.base < std::uint64_t{1} << 32 &&
         place.group - base_group_ < std::uint64_t{1} << 29;
}

Generation::Appended Generation::packed(const Stream& stream, std::uint64_t seq, const Place& place) const {
  Appended appended{};
  // A generation has no such many groups: each takes a page of the journal at the least.
  HERMOD_ASSERT(!place.has_value() || place.group - base_group_ < std::uint64_t{1} << 29);
  appended.seq = (seq - stream.base) & 0xFFFFFFFFU;
  appended.group = place.has_value() ? (place.group - base_group_) & ((1U << 29) - 1) : 0;
  appended.change = place.change & 3U;
  appended.fresh = place.fresh;
  appended.offset = place.offset;
  appended.size = place.size;
  return appended;
}

Place Generation::place_of_appended(const Appended& appended) const {
  const auto kind = static_cast<Change>(appended.change);
  const bool has_value = kind == Change::Put || kind == Change::Shared;
  Place place =
      place_of(kind, {has_value ? base_group_ + appended.group : 0}, appended.offset, appended.size);
  place.fresh = appended.fresh;
  return place;
}

void Generation::replace(const Stream& stream, Appended& there, Place place) {
  count(place_of_appended(there), -1);
  there = packed(stream, stream.base + there.seq, place);
  count(place, 1);
}

void Generation::replace(Place& there, Place place) {
  count(there, -1);
  there = place;
  count(there, 1);
}

/// What is gone stays gone; of what is older than this generation, whoever reads it finds out.
void Generation::put_entry(Stream& stream, Seq seq, Place place) {
  if (stream.ended) return;
  Appended* appended = find_appended(stream, seq.v);
  if (appended != nullptr) {
    const Place there = place_of_appended(*appended);
    place.fresh = there.fresh;
    if (there.has_value()) replace(stream, *appended, place);
    return;
  }
  Place& there = older(stream, seq.v);
  place.fresh = there.fresh;
  if (there.kind() != Change::Erased) replace(there, place);
}

void Generation::erase_entry(Stream& stream, Seq seq) {
  if (stream.ended) return;
  Appended* appended = find_appended(stream, seq.v);
  if (appended == nullptr) {
    Place& there = older(stream, seq.v);
    count(there, -1);
    there = place_of(Change::Erased);
    return;
  }
  replace(stream, *appended, place_of(tables_may_know_ ? Change::Erased : Change::Nothing));
  constexpr auto kNothing = static_cast<unsigned>(Change::Nothing);
  while (stream.head < stream.appended.size() && stream.appended[stream.head].change == kNothing)
    ++stream.head;
  if (stream.head < kWorthCompacting || stream.head < stream.appended.size() / 2) return;
  // Never the last one: appends are told from changes of older entries by it.
  const std::uint32_t gone = std::min(stream.head, static_cast<std::uint32_t>(stream.appended.size() - 1));
  stream.appended.erase(stream.appended.begin(), stream.appended.begin() + gone);
  stream.head -= gone;
}

Place& Generation::older(Stream& stream, std::uint64_t seq) {
  const auto [at, fresh] = stream.older.try_emplace(seq);
  if (fresh) memory_bytes_ += kPlaceMemory;
  return at->second;
}

void Generation::erase_stream(Stream& stream, StreamId id) {
  memory_bytes_ -= stream.appended.capacity() * sizeof(Appended) + stream.older.size() * kPlaceMemory;
  for (std::size_t i = stream.head; i < stream.appended.size(); ++i)
    count(place_of_appended(stream.appended[i]), -1);
  for (const auto& [seq, place] : stream.older) count(place, -1);
  stream = {};
  stream.ended = true;
  tables_[static_cast<std::size_t>(Table::Streams)][number_key(id.v)] = place_of(Change::Erased);
}

Generation::Appended* Generation::find_appended(Stream& stream, std::uint64_t seq) {
  const auto begin = stream.appended.begin() + stream.head;
  if (begin == stream.appended.end() || seq < stream.base + begin->seq) return nullptr;
  if (stream.base + begin->seq == seq) return &*begin;  // acks mostly come in order
  const auto at = std::lower_bound(begin, stream.appended.end(), seq - stream.base, Appended::is_before);
  return at != stream.appended.end() && at->seq == seq - stream.base ? &*at : nullptr;
}

void Generation::count(const Place& place, int sign) {
  if (!place.has_value()) return;
  live_entries_ += static_cast<std::uint64_t>(sign);
  live_bytes_ += static_cast<std::uint64_t>(sign * static_cast<std::int64_t>(place.size));
}

std::optional<Place> Generation::find(Table table, Bytes key) const {
  if (table == Table::Messages)
    return key.size() == 8 ? find_message({ByteReader(key).u64()}) : std::optional<Place>{};
  const auto& records = tables_[static_cast<std::size_t>(table)];
  const auto at = records.find(as_text(key));
  return at == records.end() ? std::optional<Place>{} : at->second;
}

std::optional<Place> Generation::find_message(MessageId id) const {
  const auto at = messages_.find(id.v);
  return at == messages_.end() ? std::optional<Place>{} : at->second;
}

StreamChanges Generation::stream(StreamId id, Seq from, std::size_t max) const {
  StreamChanges changes;
  const auto found = streams_.find(id.v);
  if (found == streams_.end()) return changes;
  const Stream& stream = found->second;
  changes.ended = stream.ended;
  changes.entries.reserve(std::min(max, stream.appended.size() - stream.head + stream.older.size()));
  const std::uint64_t behind_base = from.v - std::min(from.v, stream.base);
  auto newer = std::lower_bound(stream.appended.begin() + stream.head, stream.appended.end(), behind_base,
                                Appended::is_before);
  auto older = stream.older.lower_bound(from.v);
  while (newer != stream.appended.end() || older != stream.older.end()) {
    const bool take_older = older != stream.older.end() &&
                            (newer == stream.appended.end() || older->first < stream.base + newer->seq);
    const EntryChange next = take_older ? EntryChange{older->first, older->second}
                                        : EntryChange{stream.base + newer->seq, place_of_appended(*newer)};
    take_older ? static_cast<void>(++older) : static_cast<void>(++newer);
    if (next.place.kind() == Change::Nothing) continue;
    if (changes.entries.size() == max) {
      changes.bound = changes.entries.back().seq;
      break;
    }
    changes.entries.push_back(next);
  }
  return changes;
}

KeyChanges Generation::keys(Table table, Bytes from, std::size_t max) const {
  KeyChanges changes;
  const auto add = [&](std::string key, Place place) {
    if (changes.records.size() == max) {
      changes.complete = false;
      return false;
    }
    changes.records.emplace_back(std::move(key), place);
    return true;
  };
  if (table == Table::Messages) {
    std::string first(as_text(from.first(std::min<std::size_t>(from.size(), 8))));
    const bool behind = from.size() > 8;  // "key and a zero byte": whatever follows the key
    first.resize(8, '\0');
    for (auto at = messages_.lower_bound(ByteReader(as_bytes(first)).u64()); at != messages_.end(); ++at) {
      if (behind && number_key(at->first) == first) continue;
      if (!add(number_key(at->first), at->second)) break;
    }
    return changes;
  }
  const auto& records = tables_[static_cast<std::size_t>(table)];
  for (auto at = records.lower_bound(as_text(from)); at != records.end(); ++at)
    if (!add(at->first, at->second)) break;
  return changes;
}

std::vector<StreamId> Generation::stream_ids() const {
  std::vector<StreamId> ids;
  ids.reserve(streams_.size());
  for (const auto& [id, stream] : streams_) ids.push_back({id});
  std::sort(ids.begin(), ids.end());
  return ids;
}

Result<EntryParts> parts_in_journal(Change change, Bytes bytes) {
  if (change != Change::Shared) return EntryParts{{}, bytes};
  ByteReader in(bytes);
  const MessageId message{in.u64()};
  while (in.remaining() > 0 && in.u8() >= 0x80) {
  }
  if (!in.ok() || message.v == 0) return failure(Errc::Corruption, "journal: a shared entry without message");
  return EntryParts{message, in.rest()};
}

Result<EntryParts> parts_in_table(Bytes value) {
  ByteReader in(value);
  const std::uint8_t kind = in.u8();
  EntryParts parts;
  if (kind == kSharedEntry) parts.message = {in.u64()};
  const bool known = kind == kInlineEntry || (kind == kSharedEntry && parts.message.v != 0);
  if (!in.ok() || !known) return failure(Errc::Corruption, "table entries: an entry of an unknown kind");
  parts.value = in.rest();
  return parts;
}

}  // namespace hermod::store
