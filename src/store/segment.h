#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"

namespace hermod::store {

/// What headers and records begin with. A segment with the marks of another format has no readable header and
/// no records: it is free.
struct SegmentMarks {
  std::string_view header;
  std::uint32_t record;
};

/// One file of the journal: a header block and, each from the beginning of a block of its own, records. A
/// block that holds something acknowledged is never written with anything else in the same life, so a torn
/// write damages nothing but what was being written. A file whose records are no longer needed begins a new
/// life: its header gets another secret, and what the old life left has the wrong one.
///
/// Owns the descriptor and the map of the file. append(), begin_life() and drop_from() are for the
/// committer's thread; records are found and read by any thread that has a SegmentPin, under the journal's
/// lock where it says so.
class Segment {
 public:
  static constexpr std::size_t kBlock = 4096;

  static constexpr SegmentMarks kMarks{"HMSEGMT3", 0x484D5233};  // "HMR3"

  /// What a header says.
  struct Life {
    std::uint64_t order = 0;   ///< rises from life to life over all segments; 0: the header cannot be read
    std::uint64_t secret = 0;  ///< in every record: nobody who fills a payload can make a record up

    /// With a secret of its own.
    static Life begin(std::uint64_t order);
  };
  struct Record {
    GroupNo group;
    std::uint32_t block = 0;  ///< where it begins
    std::uint32_t size = 0;   ///< bytes of the group
    GroupNo synced;           ///< up to here everything was on the disk when it was written
  };

  /// Asked between two pieces of a file that is written: whether to go on.
  using GoOn = std::function<bool()>;

  /// A new file of `bytes`, durable with its header. `go_on`: its blocks are written with zeros as well, for
  /// a sync of a block that was never written writes where it is, too. Errors: Closed: not to go on; NoSpace,
  /// Io. It is under its name only when it is whole.
  static Result<std::unique_ptr<Segment>> create(const std::string& file, std::uint64_t bytes, Life life,
                                                 const GoOn& go_on = {});
  /// One for later, with zeros and without a life; not under its name before publish(). Errors: as create().
  static Result<std::unique_ptr<Segment>> prepare(const std::string& file, std::uint64_t bytes,
                                                  const GoOn& go_on);
  /// It gets its name. Errors: Io; then the file is gone.
  Status publish();
  /// What has no name yet.
  static std::string unpublished(const std::string& file) { return file + ".new"; }
  /// A file that is there, with its records found. Errors: Corruption: it is shorter than it was; Io.
  static Result<std::unique_ptr<Segment>> open(const std::string& file, bool read_only,
                                               const SegmentMarks& marks = kMarks);
  ~Segment();
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;

  /// The blocks that a group of so many bytes takes.
  static std::uint64_t blocks_for(std::size_t group_bytes) {
    return (kRecordHeader + group_bytes + kBlock - 1) / kBlock;
  }
  /// Bytes of the file that hold one such group and nothing else.
  static std::uint64_t bytes_for(std::size_t group_bytes) { return (1 + blocks_for(group_bytes)) * kBlock; }

  const std::string& file() const { return file_; }
  std::uint64_t bytes() const { return bytes_; }
  const Life& life() const { return life_; }
  /// Of its blocks, those with the header and records.
  std::uint64_t used_blocks() const { return next_block_; }
  bool has_room(std::size_t group_bytes) const {
    return (next_block_ + blocks_for(group_bytes)) * kBlock <= bytes_;
  }
  /// In the order of their groups. The journal's lock.
  const std::vector<Record>& records() const { return records_; }
  /// What was found behind a block where a record should begin and none is, in the order of the blocks: one
  /// in between was damaged, or never reached the disk.
  const std::vector<Record>& strays() const { return strays_; }
  /// The group of the record behind the header, of whatever life it is; zero when there is none.
  GroupNo first_of_any_life() const;
  /// From the header to the last record.
  Bytes content() const { return {map_, next_block_ * kBlock}; }
  Bytes at(const Record& record) const { return {map_ + record.block * kBlock + kRecordHeader, record.size}; }

  /// What was read of the map counts as this process's memory no longer; it is read again when it is wanted.
  void give_pages_back() const;

  /// All records are forgotten, durably. Precondition: no pins.
  Status begin_life(Life life);
  /// Writes the record, which is durable behind the next sync(), and gives where it is; add() makes it one of
  /// records(). After an error nothing is known about it. Preconditions: has_room(), no strays().
  Result<Record> append(GroupNo group, GroupNo synced, std::span<const Bytes> pieces, std::size_t size);
  /// The journal's lock.
  void add(const Record& record) { records_.push_back(record); }
  /// Overwrites the records and strays from this group on, durably. The journal's lock.
  Status drop_from(GroupNo from);
  /// Writes the records from this group on once more as they are read, durably: a system forgets what a
  /// failed sync should have written. The journal's lock.
  Status write_again(GroupNo from);
  /// Makes everything that was written durable. Errors: Io. Any thread that has a SegmentPin.
  Status sync() const;

  void pin() const { pins_.fetch_add(1, std::memory_order_relaxed); }
  void unpin() const { pins_.fetch_sub(1, std::memory_order_release); }
  /// Whoever still reads it could be surprised by another life.
  bool is_pinned() const { return pins_.load(std::memory_order_acquire) != 0; }

 private:
  static constexpr std::size_t kRecordHeader = 36;

  Segment(std::string file, const SegmentMarks& marks) : file_(std::move(file)), marks_(marks) {}
  Status allocate(std::uint64_t bytes);
  Status fill(std::uint64_t bytes, const GoOn& go_on);
  Status map(bool read_only);
  Status write_header();
  Status write(std::string_view bytes, std::uint64_t offset);
  Status read_header();
  /// The record that begins at this block, with group 0 when there is none of this life.
  Record record_at(std::uint64_t block, bool any_life = false) const;
  void find_records();
  tl::unexpected<Error> failed(const char* action) const;

  const std::string file_;
  const SegmentMarks marks_;
  int descriptor_ = -1;
  const std::uint8_t* map_ = nullptr;
  std::uint64_t bytes_ = 0;
  Life life_;
  std::uint64_t next_block_ = 1;  ///< where the next record begins
  std::vector<Record> records_;
  std::vector<Record> strays_;
  std::string buffer_;  ///< of the record that is being written
  mutable std::atomic<std::uint32_t> pins_{0};
};

/// Holds off the next life of a segment. Taken under the journal's lock.
class SegmentPin {
 public:
  explicit SegmentPin(const Segment& segment) : segment_(&segment) { segment.pin(); }
  SegmentPin(SegmentPin&& other) noexcept : segment_(std::exchange(other.segment_, nullptr)) {}
  SegmentPin& operator=(SegmentPin&&) = delete;
  ~SegmentPin() {
    if (segment_ != nullptr) segment_->unpin();
  }
  const Segment& segment() const { return *segment_; }

 private:
  const Segment* segment_;
};

}  // namespace hermod::store
