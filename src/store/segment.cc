#include "store/segment.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/assert.h"
#include "store/checksum.h"
#include "store/file_system.h"

namespace hermod::store {
namespace {

constexpr mode_t kSegmentMode = 0600;
/// Of the buffer that stays between two records.
constexpr std::size_t kKeptBuffer = std::size_t{2} << 20;
/// Of a new file, written and synced at once.
constexpr std::uint64_t kPiece = std::uint64_t{256} << 10;

}  // namespace

Segment::Life Segment::Life::begin(std::uint64_t order) {
  Life life{order, 0};
  // Ready at any time a broker runs; should it not be, the order alone tells lives apart.
  if (::getrandom(&life.secret, sizeof(life.secret), 0) != static_cast<ssize_t>(sizeof(life.secret)))
    life.secret = order;
  return life;
}

Segment::~Segment() {
  if (map_ != nullptr) ::munmap(const_cast<std::uint8_t*>(map_), bytes_);
  if (descriptor_ >= 0) ::close(descriptor_);
}

tl::unexpected<Error> Segment::failed(const char* action) const {
  const int code = errno;
  return failure(errc_of(code), file_ + ": " + action + ": " + std::strerror(code));
}

Result<std::unique_ptr<Segment>> Segment::prepare(const std::string& file, std::uint64_t bytes,
                                                  const GoOn& go_on) {
  std::unique_ptr<Segment> segment(new Segment(file, kMarks));
  const std::string fresh = unpublished(file);
  segment->descriptor_ = ::open(fresh.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, kSegmentMode);
  if (segment->descriptor_ < 0) return segment->failed("open");
  Status made = segment->allocate(bytes);
  if (made && go_on) made = segment->fill(bytes, go_on);
  if (made) made = segment->map(false);
  if (made) return segment;
  ::unlink(fresh.c_str());
  return tl::unexpected(made.error());
}

Result<std::unique_ptr<Segment>> Segment::create(const std::string& file, std::uint64_t bytes, Life life,
                                                 const GoOn& go_on) {
  auto segment = prepare(file, bytes, go_on);
  if (!segment) return segment;
  (*segment)->life_ = life;
  Status made = (*segment)->write_header();
  if (made && ::fsync((*segment)->descriptor_) != 0) made = (*segment)->failed("sync");
  if (made) made = (*segment)->publish();
  if (!made) {
    ::unlink(unpublished(file).c_str());
    return tl::unexpected(made.error());
  }
  return segment;
}

Status Segment::publish() {
  // A segment that is too short is a damaged one, so the name comes last.
  const std::string fresh = unpublished(file_);
  if (::rename(fresh.c_str(), file_.c_str()) == 0) return {};
  const auto error = failed("rename");
  ::unlink(fresh.c_str());
  return error;
}

/// The blocks are taken now, so that no record finds the disk full. Not every file system can do it.
Status Segment::allocate(std::uint64_t bytes) {
  const auto length = static_cast<off_t>(bytes);
  if (::fallocate(descriptor_, 0, 0, length) == 0) return {};
  const bool cannot = errno == EOPNOTSUPP || errno == ENOSYS;
  if (cannot && ::ftruncate(descriptor_, length) == 0) return {};
  return failed("allocate");
}

/// Each piece is on the disk before the next one is written: a sync of another file never waits for more.
Status Segment::fill(std::uint64_t bytes, const GoOn& go_on) {
  const std::string zeros(std::min<std::uint64_t>(kPiece, bytes), '\0');
  for (std::uint64_t offset = 0; offset < bytes; offset += zeros.size()) {
    if (!go_on()) return failure(Errc::Closed, file_ + ": is not wanted any more");
    const auto piece = std::string_view(zeros).substr(0, std::min<std::uint64_t>(kPiece, bytes - offset));
    if (Status written = write(piece, offset); !written) return written;
    if (::fsync(descriptor_) != 0) return failed("sync");
  }
  return {};
}

Result<std::unique_ptr<Segment>> Segment::open(const std::string& file, bool read_only,
                                               const SegmentMarks& marks) {
  std::unique_ptr<Segment> segment(new Segment(file, marks));
  const int mode = (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NOFOLLOW;
  segment->descriptor_ = ::open(file.c_str(), mode);
  if (segment->descriptor_ < 0) return segment->failed("open");
  if (!read_only && ::fchmod(segment->descriptor_, kSegmentMode) != 0) return segment->failed("restrict");
  if (Status mapped = segment->map(read_only); !mapped) return tl::unexpected(mapped.error());
  if (Status read = segment->read_header(); !read) return tl::unexpected(read.error());
  if (segment->life_.order == 0) return segment;
  segment->find_records();
  segment->give_pages_back();
  return segment;
}

Status Segment::map(bool read_only) {
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0) return failed("look at");
  bytes_ = static_cast<std::uint64_t>(status.st_size) / kBlock * kBlock;
  if (bytes_ < 2 * kBlock) return failure(Errc::Corruption, file_ + ": is cut off");
  void* map = ::mmap(nullptr, bytes_, PROT_READ, read_only ? MAP_PRIVATE : MAP_SHARED, descriptor_, 0);
  if (map == MAP_FAILED) return failed("map");
  map_ = static_cast<const std::uint8_t*>(map);
  return {};
}

Status Segment::write_header() {
  std::string block;
  ByteWriter out(block);
  out.bytes(marks_.header);
  out.u64(life_.order);
  out.u64(life_.secret);
  out.u64(bytes_);
  out.u32(checksum_of(as_bytes(block)));
  block.resize(kBlock, '\0');
  return write(block, 0);
}

Status Segment::read_header() {
  constexpr std::size_t kChecked = 32;
  ByteReader in({map_, kBlock});
  const bool ours = as_text(in.bytes(marks_.header.size())) == marks_.header;
  const Life life{in.u64(), in.u64()};
  const std::uint64_t bytes = in.u64();
  if (!ours || in.u32() != checksum_of({map_, kChecked})) return {};
  if (bytes > bytes_) return failure(Errc::Corruption, file_ + ": is cut off");
  life_ = life;
  return {};
}

void Segment::find_records() {
  for (;;) {
    const Record record = record_at(next_block_);
    if (record.group.v == 0 || (!records_.empty() && record.group <= records_.back().group)) break;
    records_.push_back(record);
    next_block_ += blocks_for(record.size);
  }
  for (std::uint64_t block = next_block_; block < bytes_ / kBlock; ++block)
    if (const Record record = record_at(block); record.group.v != 0) strays_.push_back(record);
}

Segment::Record Segment::record_at(std::uint64_t block, bool any_life) const {
  if ((block + 1) * kBlock > bytes_) return {};
  const Bytes header{map_ + block * kBlock, kRecordHeader};
  ByteReader in(header);
  const bool ours = in.u32() == marks_.record;
  const std::uint32_t size = in.u32();
  const GroupNo group{in.u64()};
  const GroupNo synced{in.u64()};
  const std::uint64_t secret = in.u64();
  if (!ours || in.u32() != checksum_of(header.first(kRecordHeader - 4))) return {};
  if (!any_life && secret != life_.secret) return {};
  if ((block + blocks_for(size)) * kBlock > bytes_) return {};
  return {group, static_cast<std::uint32_t>(block), size, synced};
}

GroupNo Segment::first_of_any_life() const {
  return record_at(1, /*any_life=*/true).group;
}

void Segment::give_pages_back() const {
  ::madvise(const_cast<std::uint8_t*>(map_), bytes_, MADV_DONTNEED);
}

Status Segment::begin_life(Life life) {
  HERMOD_ASSERT(!is_pinned());
  records_.clear();
  strays_.clear();
  next_block_ = 1;
  life_ = life;
  if (Status written = write_header(); !written) return written;
  return sync();
}

Result<Segment::Record> Segment::append(GroupNo group, GroupNo synced, std::span<const Bytes> pieces,
                                        std::size_t size) {
  HERMOD_ASSERT(has_room(size) && strays_.empty());
  buffer_.clear();
  buffer_.reserve(blocks_for(size) * kBlock);
  ByteWriter out(buffer_);
  out.u32(marks_.record);
  out.u32(static_cast<std::uint32_t>(size));
  out.u64(group.v);
  out.u64(synced.v);
  out.u64(life_.secret);
  out.u32(checksum_of(as_bytes(buffer_)));
  for (const Bytes piece : pieces) out.bytes(piece);
  buffer_.resize(blocks_for(size) * kBlock, '\0');
  const Record record{group, static_cast<std::uint32_t>(next_block_), static_cast<std::uint32_t>(size),
                      synced};
  const Status written = write(buffer_, next_block_ * kBlock);
  if (buffer_.capacity() > kKeptBuffer) std::string().swap(buffer_);
  if (!written) return tl::unexpected(written.error());
  next_block_ += blocks_for(size);
  return record;
}

Status Segment::drop_from(GroupNo from) {
  const auto is_dropped = [&](const Record& record) { return record.group >= from; };
  const std::string nothing(kBlock, '\0');
  bool any = false;
  for (const auto* records : {&strays_, &records_}) {
    for (auto record = records->rbegin(); record != records->rend(); ++record) {
      if (!is_dropped(*record)) continue;
      any = true;
      if (Status written = write(nothing, record->block * kBlock); !written) return written;
    }
  }
  if (!any) return {};
  if (Status synced = sync(); !synced) return synced;
  std::erase_if(strays_, is_dropped);
  const auto first = std::find_if(records_.begin(), records_.end(), is_dropped);
  if (first == records_.end()) return {};
  next_block_ = first->block;
  records_.erase(first, records_.end());
  return {};
}

Status Segment::write_again(GroupNo from) {
  bool any = false;
  for (const Record& record : records_) {
    if (record.group < from) continue;
    any = true;
    const std::uint64_t offset = record.block * kBlock;
    const std::string bytes(as_text(Bytes{map_ + offset, blocks_for(record.size) * kBlock}));
    if (Status written = write(bytes, offset); !written) return written;
  }
  return any ? sync() : Status{};
}

Status Segment::write(std::string_view bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return failed("write");
    bytes.remove_prefix(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return {};
}

Status Segment::sync() const {
  if (::fdatasync(descriptor_) == 0) return {};
  // Whatever the reason: what was written may be on the disk, and NoSpace would say that it is not.
  Status error = failed("sync");
  error.error().code = Errc::Io;
  return error;
}

}  // namespace hermod::store
