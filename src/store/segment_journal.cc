#include "store/segment_journal.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <functional>
#include <system_error>

#include "base/assert.h"
#include "store/file_system.h"
#include "store/segment_hold.h"
#include "store/segment_name.h"

namespace hermod::store {
namespace {

constexpr std::uint64_t kSmallestSegment = std::uint64_t{256} << 10;
constexpr std::uint64_t kLargestSegment = std::uint64_t{16} << 20;
constexpr std::uint64_t kSegments = 16;  // the journal has room for so many, or for more
/// The first one, written with zeros at once: what a start may wait for on a slow card.
constexpr std::uint64_t kFirstSegment = std::uint64_t{2} << 20;
constexpr mode_t kJournalFolderMode = 0700;

std::uint64_t segment_size(std::uint64_t max_size) {
  const std::uint64_t size = std::clamp(max_size / kSegments, kSmallestSegment, kLargestSegment);
  return size / Segment::kBlock * Segment::kBlock;
}

tl::unexpected<Error> folder_failure(const std::string& folder, int code) {
  return failure(errc_of(code), folder + ": " + std::strerror(code));
}

bool by_order(const std::unique_ptr<Segment>& a, const std::unique_ptr<Segment>& b) {
  return a->life().order < b->life().order;
}

}  // namespace

Result<Bytes> JournalReader::read(GroupNo group, std::size_t offset, std::size_t size) {
  Piece piece{group, offset, size, {}};
  if (Status read_one = read({&piece, 1}); !read_one) return tl::unexpected(read_one.error());
  return piece.bytes;
}

Status JournalReader::read(std::span<Piece> pieces) {
  std::unique_lock<std::mutex> lock;  // taken once, when it is needed
  for (Piece& piece : pieces) {
    if (piece.group != group_) {
      if (!lock) lock = std::unique_lock(journal_->mutex_);
      auto record = find(piece.group);
      if (!record) return tl::unexpected(record.error());
      record_ = *record;
      group_ = piece.group;
    }
    if (piece.offset > record_.size() || piece.size > record_.size() - piece.offset)
      return failure(Errc::Corruption, "journal: group " + std::to_string(group_.v) + " is too short");
    piece.bytes = record_.subspan(piece.offset, piece.size);
  }
  return {};
}

SegmentJournal::SegmentJournal(std::string folder, std::uint64_t max_size, bool read_only,
                               const SegmentMarks& marks)
    : folder_(std::move(folder)),
      max_size_(max_size),
      segment_bytes_(segment_size(max_size)),
      read_only_(read_only),
      marks_(marks) {}

Result<std::unique_ptr<SegmentJournal>> SegmentJournal::open(const std::string& folder,
                                                             std::uint64_t max_size, bool read_only,
                                                             const SegmentMarks& marks) {
  HERMOD_ASSERT(read_only || marks.record == Segment::kMarks.record);
  std::unique_ptr<SegmentJournal> journal(new SegmentJournal(folder, max_size, read_only, marks));
  if (!read_only && ::mkdir(folder.c_str(), kJournalFolderMode) != 0 && errno != EEXIST)
    return folder_failure(folder, errno);
  if (Status opened = journal->open_files(); !opened) return tl::unexpected(opened.error());
  return journal;
}

Status SegmentJournal::open_files() {
  Segments found;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder_, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    const std::uint64_t number = segment_number(name);
    if (number == 0) {
      // A segment that was being made when the broker ended.
      if (!read_only_ && name.ends_with(".new")) ::unlink(entry->path().c_str());
      continue;
    }
    auto segment = Segment::open(entry->path().string(), read_only_, marks_);
    if (!segment) return tl::unexpected(segment.error());
    next_name_ = std::max(next_name_, number + 1);
    found.push_back(std::move(*segment));
  }
  if (error) return folder_failure(folder_, error.value());
  if (Status sorted = sort_out(std::move(found)); !sorted) return sorted;
  GroupNo said = synced();
  const GroupNo last = range().second;
  {
    const std::lock_guard lock(mutex_);
    last_ = last;
    for (const auto& segment : live_)
      for (const Segment::Record& record : segment->records()) said = std::max(said, record.synced);
  }
  synced_.store(said.v, std::memory_order_release);
  if (!live_.empty()) return {};
  if (read_only_) return failure(Errc::Corruption, folder_ + ": no segment of the journal is there");
  return begin_segment(0);
}

/// Segments with a readable header are in use, in their order. Another one was about to begin a new life, and
/// is free; if it has a newer record than all others, its header was damaged.
Status SegmentJournal::sort_out(Segments found) {
  const auto free = std::partition(found.begin(), found.end(),
                                   [](const auto& segment) { return segment->life().order != 0; });
  std::sort(found.begin(), free, by_order);
  GroupNo newest;
  for (auto segment = found.begin(); segment != free; ++segment)
    if (!(*segment)->records().empty()) newest = std::max(newest, (*segment)->records().back().group);
  for (auto segment = free; segment != found.end(); ++segment)
    if ((*segment)->first_of_any_life() > newest)
      return failure(Errc::Corruption, (*segment)->file() + ": the header is damaged");
  const std::lock_guard lock(mutex_);
  if (free != found.begin()) last_order_ = (*std::prev(free))->life().order;
  retired_.assign(std::make_move_iterator(free), std::make_move_iterator(found.end()));
  found.erase(free, found.end());
  live_ = std::move(found);
  return {};
}

Segment::Life SegmentJournal::next_life() {
  return Segment::Life::begin(++last_order_);
}

Status SegmentJournal::append(GroupNo number, std::span<const Bytes> group, Sync sync) {
  if (is_broken_) return failure(Errc::Closed, folder_ + ": the journal has to be opened again");
  if (number <= last_)
    return failure(Errc::Invalid,
                   "journal: group " + std::to_string(number.v) + " after " + std::to_string(last_.v));
  const auto begin = std::chrono::steady_clock::now();
  std::size_t size = 0;
  for (const Bytes piece : group) size += piece.size();
  if (!live_.back()->has_room(size)) {
    // A failure here has written no record.
    if (Status begun = begin_segment(size); !begun) return begun;
  }
  Segment& segment = *live_.back();
  const auto record = segment.append(number, synced(), group, size);
  if (!record) {
    is_broken_ = true;
    return tl::unexpected(record.error());
  }
  {
    const std::lock_guard lock(mutex_);
    segment.add(*record);
    last_ = number;
  }
  ask_for_spare(segment);
  if (sync == Sync::Now) {
    if (Status synced = sync_up_to(number); !synced) return synced;
  }
  groups_.fetch_add(1, std::memory_order_relaxed);
  bytes_.fetch_add(size, std::memory_order_relaxed);
  written_.fetch_add(footprint(size), std::memory_order_relaxed);
  add_commit_time(begin);
  return {};
}

Status SegmentJournal::sync() {
  const auto begin = std::chrono::steady_clock::now();
  GroupNo last;
  {
    const std::lock_guard lock(mutex_);
    last = last_;
  }
  Status synced = sync_up_to(last);
  add_commit_time(begin);
  return synced;
}

void SegmentJournal::add_commit_time(std::chrono::steady_clock::time_point begin) {
  const auto took = std::chrono::steady_clock::now() - begin;
  commit_micros_.fetch_add(
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(took).count()),
      std::memory_order_relaxed);
}

/// One at a time: the system tells of a failure once, and takes the next sync for a success.
Status SegmentJournal::sync_up_to(GroupNo last) {
  const std::lock_guard syncing(syncing_);
  if (last <= synced()) return {};
  if (is_broken_) return failure(Errc::Closed, folder_ + ": the journal has to be opened again");
  std::unique_lock lock(mutex_);
  const GroupNo written = last_;
  const SegmentPin pin(*live_.back());  // all before it are synced
  lock.unlock();
  if (Status synced = pin.segment().sync(); !synced) {
    is_broken_ = true;
    return synced;
  }
  synced_.store(written.v, std::memory_order_release);
  return {};
}

/// The last segment is synced first: what a power cut may take is in one file.
Status SegmentJournal::begin_segment(std::size_t size) {
  if (Status synced = sync_up_to(last_); !synced) return synced;
  const bool are_held = SegmentHold::is_held(folder_);
  retire_trimmed(are_held);
  std::unique_ptr<Segment> segment = are_held ? nullptr : take_retired(Segment::bytes_for(size));
  if (segment) {
    if (Status begun = segment->begin_life(next_life()); !begun) {
      const std::lock_guard lock(mutex_);
      retired_.push_back(std::move(segment));
      return begun;
    }
  } else {
    auto made = make_segment(Segment::bytes_for(size));
    if (!made) return tl::unexpected(made.error());
    segment = std::move(*made);
  }
  written_.fetch_add(Segment::kBlock, std::memory_order_relaxed);  // its header
  spare_asked_ = false;
  const std::lock_guard lock(mutex_);
  live_.push_back(std::move(segment));
  return {};
}

/// A new one of the usual size; of less, but not less than `needed`, where the disk does not have that. The
/// first of a journal is small and written with zeros, and others come to be so beside it (make_spare).
Result<std::unique_ptr<Segment>> SegmentJournal::make_segment(std::uint64_t needed) {
  const bool is_first = live_.empty();
  const std::uint64_t usual = is_first ? std::min(segment_bytes_, kFirstSegment) : segment_bytes_;
  std::uint64_t bytes = std::max(usual, needed);
  delete_spare(bytes);
  if (file_bytes() + bytes > max_size_)
    return failure(Errc::NoSpace, folder_ + ": the journal has reached its part of store.max_size");
  std::string file;
  {
    const std::lock_guard lock(mutex_);
    file = segment_file(folder_, next_name_++);
  }
  const Segment::GoOn fill = is_first ? Segment::GoOn([] { return true; }) : Segment::GoOn();
  auto made = Segment::create(file, bytes, next_life(), fill);
  while (!made && made.error().code == Errc::NoSpace && bytes / 2 >= std::max(needed, kSmallestSegment)) {
    bytes = bytes / 2 / Segment::kBlock * Segment::kBlock;
    made = Segment::create(file, bytes, next_life(), fill);
  }
  if (!made) return made;
  if (is_first) written_.fetch_add(bytes, std::memory_order_relaxed);
  if (Status synced = sync_folder(folder_); !synced) return tl::unexpected(synced.error());
  return made;
}

Status SegmentJournal::replay(GroupNo from, const Visit& visit) {
  for (const auto& segment : live_) {
    for (const Segment::Record& record : segment->records()) {
      if (record.group < from) continue;
      if (Status status = visit(record.group, segment->at(record)); !status) return status;
    }
    segment->give_pages_back();
  }
  return {};
}

Status SegmentJournal::visit_found(
    const std::function<Status(const Segment::Record&, Bytes, bool behind_gap)>& visit) const {
  for (const auto& segment : live_) {
    for (const auto* records : {&segment->records(), &segment->strays()}) {
      const bool behind_gap = records == &segment->strays();
      for (const Segment::Record& record : *records)
        if (Status status = visit(record, segment->at(record), behind_gap); !status) return status;
    }
    segment->give_pages_back();
  }
  return {};
}

Status SegmentJournal::trim(GroupNo before) {
  std::uint64_t seen = trim_before_.load(std::memory_order_relaxed);
  while (seen < before.v && !trim_before_.compare_exchange_weak(seen, before.v, std::memory_order_release)) {
  }
  return {};
}

Result<JournalReader> SegmentJournal::reader() {
  std::unique_lock turn(turnstile_);
  JournalReader reader(*this, std::shared_lock(files_));
  turn.unlock();
  const std::lock_guard lock(mutex_);
  if (live_.empty()) return failure(Errc::Closed, folder_ + ": the journal is closed");
  reader.pins_.reserve(live_.size());
  for (const auto& segment : live_) reader.pins_.emplace_back(*segment);
  return reader;
}

/// Mostly the next one is wanted, and in the same segment or the next; and mostly no number is missing there.
Result<Bytes> JournalReader::find(GroupNo group) {
  std::size_t at = last_pin_;
  for (std::size_t i = 0; i < pins_.size(); ++i, at = at + 1 == pins_.size() ? 0 : at + 1) {
    const Segment& segment = pins_[at].segment();
    const auto& records = segment.records();
    if (records.empty() || group < records.front().group || group > records.back().group) continue;
    last_pin_ = at;
    const std::uint64_t place = group.v - records.front().group.v;
    if (place < records.size() && records[place].group == group) return segment.at(records[place]);
    const auto found =
        std::lower_bound(records.begin(), records.end(), group,
                         [](const Segment::Record& record, GroupNo wanted) { return record.group < wanted; });
    if (found->group == group) return segment.at(*found);
  }
  return failure(Errc::NotFound, "journal: group " + std::to_string(group.v) + " is not there");
}

std::pair<GroupNo, GroupNo> SegmentJournal::range() const {
  const std::lock_guard lock(mutex_);
  std::pair<GroupNo, GroupNo> found;
  for (const auto& segment : live_) {
    if (segment->records().empty()) continue;
    if (found.first.v == 0) found.first = segment->records().front().group;
    found.second = segment->records().back().group;
  }
  return found;
}

/// The journal's lock.
std::uint64_t SegmentJournal::bytes_of_all() const {
  std::uint64_t total = 0;
  for (const Segments* segments : {&live_, &retired_})
    for (const auto& segment : *segments) total += segment->bytes();
  return total;
}

std::uint64_t SegmentJournal::file_bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_of_all();
}

std::uint64_t SegmentJournal::used_bytes() const {
  const std::lock_guard lock(mutex_);
  std::uint64_t used = 0;
  for (const auto& segment : live_)
    if (!is_trimmed(*segment)) used += segment->bytes();
  return used;
}

}  // namespace hermod::store
