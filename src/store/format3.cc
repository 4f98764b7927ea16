#include "store/format3.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

#include "store/checksum.h"
#include "store/file_system.h"
#include "store/group_codec.h"
#include "store/segment_journal.h"
#include "store/segment_name.h"

namespace hermod::store {
namespace {

constexpr std::uint32_t kOldGroup = 0x484D4731;  // "HMG1"
constexpr std::size_t kOldGroupHeader = 32;
constexpr std::size_t kOldGroupTrailer = 4;

tl::unexpected<Error> damaged_group(const std::string& what) {
  return failure(Errc::Corruption, "journal record of format 3: " + what);
}

/// A length of seven bits per byte, in its shortest form and below 2^32.
std::optional<std::size_t> old_length(ByteReader& in) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 35; shift += 7) {
    const std::uint8_t byte = in.u8();
    value |= std::uint64_t{byte & 0x7FU} << shift;
    if (byte >= 0x80) continue;
    const bool is_shortest = shift == 0 || byte != 0;
    if (!in.ok() || !is_shortest || value >> 32 != 0) return std::nullopt;
    return value;
  }
  return std::nullopt;
}

std::optional<Bytes> old_sized(ByteReader& in) {
  const auto size = old_length(in);
  if (!size) return std::nullopt;
  const Bytes bytes = in.bytes(*size);
  return in.ok() ? std::optional(bytes) : std::nullopt;
}

/// put: length of key, length of value, key, value; erase: length of key, key.
bool take_keyed(ByteReader& in, Op::Kind kind, Table table, WriteBatch& batch) {
  const auto key_size = old_length(in);
  if (!key_size || *key_size == 0 || *key_size > kMaxKeySize || table == Table::Entries) return false;
  if (key_size_of(table) != 0 && *key_size != key_size_of(table)) return false;
  const auto value_size = kind == Op::Kind::Put ? old_length(in) : 0;
  if (!value_size) return false;
  const Bytes key = in.bytes(*key_size);
  const Bytes value = in.bytes(*value_size);
  if (!in.ok()) return false;
  kind == Op::Kind::Put ? batch.put(table, key, value) : batch.erase(table, key);
  return true;
}

/// u64 stream, of all but the last kind u64 sequence, of a shared one u64 message, then the value with its
/// length in front where there is one.
bool take_entry(ByteReader& in, Op::Kind kind, Table table, WriteBatch& batch, std::vector<Seq>& appended) {
  const StreamId stream{in.u64()};
  const Seq seq{kind == Op::Kind::EraseStream ? 0 : in.u64()};
  const MessageId message{kind == Op::Kind::AppendShared ? in.u64() : 1};
  if (!in.ok() || message.v == 0 || table != Table::Entries) return false;
  const bool has_value = kind != Op::Kind::EraseStream && kind != Op::Kind::EraseEntry;
  const std::optional<Bytes> value = has_value ? old_sized(in) : Bytes{};
  if (!value) return false;
  switch (kind) {
    case Op::Kind::EraseStream:
      batch.erase_stream(stream);
      return true;
    case Op::Kind::EraseEntry:
      batch.erase_entry(stream, seq);
      return true;
    case Op::Kind::PutEntry:
      batch.put_entry(stream, seq, *value);
      return true;
    case Op::Kind::Append:
      batch.append(stream, *value);
      break;
    case Op::Kind::AppendShared:
      batch.append_shared(stream, message, *value);
      break;
    case Op::Kind::Put:
    case Op::Kind::Erase:
      return false;
  }
  appended.push_back(seq);
  return seq.v != 0;
}

bool take_op(ByteReader& in, WriteBatch& batch, std::vector<Seq>& appended) {
  const std::uint8_t tag = in.u8();
  const unsigned kind = tag >> 4;
  const unsigned table = tag & 0xFU;
  if (kind < 1 || kind > 7 || table >= kTablesOfFormat3) return false;
  return kind <= 2 ? take_keyed(in, static_cast<Op::Kind>(kind), static_cast<Table>(table), batch)
                   : take_entry(in, static_cast<Op::Kind>(kind), static_cast<Table>(table), batch, appended);
}

/// u32 size of the ops, u32 their number, the ops.
Result<WriteBatch> take_old_batch(ByteReader& in) {
  const std::uint32_t size = in.u32();
  const std::uint32_t count = in.u32();
  ByteReader ops(in.bytes(size));
  if (!in.ok() || count == 0) return damaged_group("a batch is cut off or empty");
  WriteBatch batch;
  std::vector<Seq> appended;
  while (ops.remaining() > 0)
    if (!take_op(ops, batch, appended))
      return damaged_group("op " + std::to_string(batch.op_count()) + " of a batch is malformed");
  if (batch.op_count() != count)
    return damaged_group("a batch has another number of ops than " + std::to_string(count));
  auto next = appended.begin();
  batch.give_sequences([&](std::size_t, StreamId) { return *next++; });
  return batch;
}

/// The numbers in the names of the segments that are there.
Result<std::vector<std::uint64_t>> numbers_in(const std::string& folder) {
  std::vector<std::uint64_t> numbers;
  std::error_code code;
  for (const auto& found : std::filesystem::directory_iterator(folder, code))
    if (const std::uint64_t number = segment_number(found.path().filename().string()); number != 0)
      numbers.push_back(number);
  if (code) return failure(errc_of(code.value()), folder + ": " + code.message());
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

/// Fills segments one behind the other, each made when it is known how large it is.
class ConvertedJournal {
 public:
  ConvertedJournal(std::string folder, std::uint64_t first_number, std::size_t segment_content,
                   const Progress& progress)
      : folder_(std::move(folder)),
        segment_content_(segment_content),
        progress_(progress),
        number_(first_number) {}

  Status add(const GroupOfFormat3& group) {
    encoder_.begin();
    for (const WriteBatch& batch : group.batches) encoder_.add(batch);
    std::string record;
    record.reserve(encoder_.bytes());
    for (const Bytes piece : encoder_.finish(group.number, group.batch_time)) record += as_text(piece);
    bytes_ += record.size();
    groups_.emplace_back(group.number, std::move(record));
    return bytes_ < segment_content_ ? Status{} : write();
  }
  /// There is a segment, also without a group.
  Status finish() { return groups_.empty() && order_ > 0 ? Status{} : write(); }

 private:
  Status write() {
    std::uint64_t blocks = 1;
    for (const auto& [number, record] : groups_) blocks += Segment::blocks_for(record.size());
    auto made =
        Segment::create(segment_file(folder_, number_++),
                        std::max<std::uint64_t>(blocks, 2) * Segment::kBlock, Segment::Life::begin(++order_));
    if (!made) return tl::unexpected(made.error());
    for (const auto& [number, record] : groups_) {
      const Bytes group = as_bytes(record);
      const auto written = (*made)->append(number, {number.v - 1}, {&group, 1}, group.size());
      if (!written) return tl::unexpected(written.error());
    }
    groups_.clear();
    bytes_ = 0;
    if (Status synced = (*made)->sync(); !synced) return synced;
    if (progress_)
      progress_("Upgrading the store: " + std::to_string(order_) + " segments of the new journal");
    return {};
  }

  const std::string folder_;
  const std::size_t segment_content_;
  const Progress& progress_;
  std::uint64_t number_;
  std::uint64_t order_ = 0;
  GroupEncoder encoder_;
  std::vector<std::pair<GroupNo, std::string>> groups_;
  std::size_t bytes_ = 0;
};

Status write_new_segments(const std::string& folder, GroupNo position, GroupNo torn, const Progress& progress,
                          std::size_t segment_content) {
  const auto numbers = numbers_in(folder);
  if (!numbers) return tl::unexpected(numbers.error());
  auto old = SegmentJournal::open(folder, 0, true, kMarksOfFormat3);
  if (!old) return tl::unexpected(old.error());
  ConvertedJournal converted(folder, numbers->empty() ? 1 : numbers->back() + 1, segment_content, progress);
  Status read = (*old)->replay(position, [&](GroupNo number, Bytes record) -> Status {
    if (torn.v != 0 && number >= torn) return {};
    const auto group = decode_group_of_format_3(record);
    if (!group) return tl::unexpected(group.error());
    return converted.add(*group);
  });
  if (!read) return read;
  if (Status finished = converted.finish(); !finished) return finished;
  return sync_folder(folder);
}

}  // namespace

Result<GroupOfFormat3> decode_group_of_format_3(Bytes record) {
  if (record.size() < kOldGroupHeader + kOldGroupTrailer)
    return damaged_group("only " + std::to_string(record.size()) + " bytes");
  ByteReader in(record.first(record.size() - kOldGroupTrailer));
  if (in.u32() != kOldGroup) return damaged_group("not a commit group");
  const std::uint32_t checksum = checksum_of(record.first(record.size() - kOldGroupTrailer));
  if (ByteReader(record.last(kOldGroupTrailer)).u32() != checksum) return damaged_group("wrong checksum");
  GroupOfFormat3 group;
  group.number = {in.u64()};
  group.batch_time = wall_time_of(in.u64());
  const std::uint32_t batches = in.u32();
  const std::uint64_t size = in.u64();
  if (size != in.remaining()) return damaged_group("wrong size");
  if (batches == 0) return damaged_group("no batches");
  for (std::uint32_t i = 0; i < batches; ++i) {
    auto batch = take_old_batch(in);
    if (!batch) return tl::unexpected(batch.error());
    group.batches.push_back(std::move(*batch));
  }
  if (in.remaining() != 0) return damaged_group("bytes behind the last batch");
  return group;
}

Status drop_converted_journal(const std::string& folder) {
  std::error_code code;
  for (const auto& found : std::filesystem::directory_iterator(folder, code))
    if (found.path().extension() == ".new") ::unlink(found.path().c_str());  // one that was being made
  const auto numbers = numbers_in(folder);
  if (!numbers) return tl::unexpected(numbers.error());
  for (const std::uint64_t number : *numbers) {
    const std::string file = segment_file(folder, number);
    const auto segment = Segment::open(file, true);
    // The old ones are whole: one that is cut off is ours.
    if (!segment && segment.error().code != Errc::Corruption) return tl::unexpected(segment.error());
    if (segment && (*segment)->life().order == 0) continue;
    if (::unlink(file.c_str()) != 0) return failure(errc_of(errno), file + ": " + std::strerror(errno));
  }
  return sync_folder(folder);
}

Status convert_journal_of_format_3(const std::string& folder, GroupNo position, GroupNo torn,
                                   const Progress& progress, std::size_t segment_content) {
  if (Status deleted = drop_converted_journal(folder); !deleted) return deleted;
  Status written = write_new_segments(folder, position, torn, progress, segment_content);
  if (!written) static_cast<void>(drop_converted_journal(folder));
  return written;
}

}  // namespace hermod::store
