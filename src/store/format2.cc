#include "store/format2.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "store/checksum.h"
#include "store/file_system.h"
#include "store/segment.h"
#include "store/segment_name.h"

namespace hermod::store {
namespace {

constexpr std::size_t kBlock = Segment::kBlock;
constexpr std::string_view kOldSegment = "HMSEGMT1";
constexpr std::size_t kOldSegmentHeader = 36;
constexpr std::uint32_t kOldRecord = 0x484D5231;  // "HMR1"
constexpr std::size_t kOldRecordHeader = 28;

struct OldRecord {
  GroupNo group;
  std::size_t at = 0;  // where the group begins in the file
  std::uint32_t size = 0;
};

struct OldSegment {
  std::string file;
  Segment::Life life;  // order 0: it is free
  std::vector<OldRecord> records;
  GroupNo first_of_any_life;
};

std::size_t old_blocks_for(std::size_t group) {
  return (kOldRecordHeader + group + kBlock - 1) / kBlock;
}

Result<std::string> content_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::string content{std::istreambuf_iterator<char>(in), {}};
  if (!in) return failure(Errc::Io, file + ": cannot be read");
  return content;
}

/// The record that begins at this block; nothing when there is none of this life.
std::optional<OldRecord> old_record_at(Bytes content, std::size_t block, const Segment::Life* life) {
  if ((block + 1) * kBlock > content.size()) return std::nullopt;
  const Bytes header = content.subspan(block * kBlock, kOldRecordHeader);
  ByteReader in(header);
  const bool ours = in.u32() == kOldRecord;
  const std::uint32_t size = in.u32();
  const GroupNo group{in.u64()};
  const std::uint64_t secret = in.u64();
  if (!ours || in.u32() != checksum_of(header.first(kOldRecordHeader - 4))) return std::nullopt;
  if (life != nullptr && secret != life->secret) return std::nullopt;
  if ((block + old_blocks_for(size)) * kBlock > content.size() || group.v == 0) return std::nullopt;
  return OldRecord{group, block * kBlock + kOldRecordHeader, size};
}

Status find_old_records(Bytes content, OldSegment& segment) {
  std::size_t block = 1;
  while (const auto record = old_record_at(content, block, &segment.life)) {
    if (!segment.records.empty() && record->group <= segment.records.back().group) break;
    segment.records.push_back(*record);
    block += old_blocks_for(record->size);
  }
  for (; block < content.size() / kBlock; ++block)
    if (const auto stray = old_record_at(content, block, &segment.life))
      return failure(Errc::Corruption, segment.file + ": what stands before group " +
                                           std::to_string(stray->group.v) + " is damaged");
  return {};
}

Result<OldSegment> look_at(const std::string& file) {
  const auto read = content_of(file);
  if (!read) return tl::unexpected(read.error());
  const Bytes content = as_bytes(*read);
  OldSegment segment{file, {}, {}, {}};
  if (content.size() < 2 * kBlock) return failure(Errc::Corruption, file + ": is cut off");
  if (const auto first = old_record_at(content, 1, nullptr)) segment.first_of_any_life = first->group;
  ByteReader in(content.first(kOldSegmentHeader));
  const bool ours = as_text(in.bytes(kOldSegment.size())) == kOldSegment;
  const Segment::Life life{in.u64(), in.u64()};
  const std::uint64_t bytes = in.u64();
  if (!ours || in.u32() != checksum_of(content.first(kOldSegmentHeader - 4))) return segment;
  if (bytes > content.size()) return failure(Errc::Corruption, file + ": is cut off");
  segment.life = life;
  if (Status found = find_old_records(content, segment); !found) return tl::unexpected(found.error());
  return segment;
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

/// What an attempt to convert has made.
Status delete_new_segments(const std::string& folder) {
  const auto numbers = numbers_in(folder);
  if (!numbers) return tl::unexpected(numbers.error());
  for (const std::uint64_t number : *numbers) {
    const std::string file = segment_file(folder, number);
    const auto segment = Segment::open(file, true);
    if (!segment || (*segment)->life().order == 0) continue;
    if (::unlink(file.c_str()) != 0) return failure(errc_of(errno), file + ": " + std::strerror(errno));
  }
  return sync_folder(folder);
}

/// The segments in use, in their order.
Result<std::vector<OldSegment>> look_at_all(const std::string& folder,
                                            const std::vector<std::uint64_t>& numbers) {
  std::vector<OldSegment> used;
  GroupNo newest;
  GroupNo newest_free;
  for (const std::uint64_t number : numbers) {
    auto segment = look_at(segment_file(folder, number));
    if (!segment) return tl::unexpected(segment.error());
    if (segment->life.order == 0) {
      newest_free = std::max(newest_free, segment->first_of_any_life);
      continue;
    }
    if (!segment->records.empty()) newest = std::max(newest, segment->records.back().group);
    used.push_back(std::move(*segment));
  }
  if (newest_free > newest) return failure(Errc::Corruption, folder + ": the header of a segment is damaged");
  if (used.empty()) return failure(Errc::Corruption, folder + ": no segment of the journal is there");
  std::sort(used.begin(), used.end(),
            [](const OldSegment& a, const OldSegment& b) { return a.life.order < b.life.order; });
  return used;
}

Status write_new_segment(const OldSegment& old, const std::string& file) {
  const auto content = content_of(old.file);
  if (!content) return tl::unexpected(content.error());
  std::uint64_t blocks = 1;
  for (const OldRecord& record : old.records) blocks += Segment::blocks_for(record.size);
  auto made = Segment::create(file, std::max<std::uint64_t>(blocks, 2) * kBlock, old.life);
  if (!made) return tl::unexpected(made.error());
  for (const OldRecord& record : old.records) {
    const Bytes group = as_bytes(*content).subspan(record.at, record.size);
    const auto written = (*made)->append(record.group, {record.group.v - 1}, {&group, 1}, group.size());
    if (!written) return tl::unexpected(written.error());
  }
  return (*made)->sync();
}

Status write_new_segments(const std::string& folder) {
  const auto numbers = numbers_in(folder);
  if (!numbers) return tl::unexpected(numbers.error());
  const auto segments = look_at_all(folder, *numbers);
  if (!segments) return tl::unexpected(segments.error());
  std::uint64_t number = numbers->back();
  for (const OldSegment& segment : *segments)
    if (Status written = write_new_segment(segment, segment_file(folder, ++number)); !written) return written;
  return sync_folder(folder);
}

}  // namespace

Status convert_journal_of_format_2(const std::string& folder) {
  if (Status deleted = delete_new_segments(folder); !deleted) return deleted;
  Status written = write_new_segments(folder);
  if (!written) static_cast<void>(delete_new_segments(folder));
  return written;
}

}  // namespace hermod::store
