#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "store/journal.h"
#include "store/segment.h"

namespace hermod::store {

class SegmentJournal;

/// Reads pieces of journal records: what it gives stays valid as long as it lives. Keep it for a slice of
/// work only, because the space of trimmed records is not used again meanwhile.
class JournalReader {
 public:
  /// `size` bytes of a record from `offset` on. Errors: NotFound (no such record), Corruption (it is
  /// shorter).
  Result<Bytes> read(GroupNo group, std::size_t offset, std::size_t size);

  struct Piece {
    GroupNo group;
    std::size_t offset = 0;
    std::size_t size = 0;
    Bytes bytes;  // what is read
  };
  /// The same for several at once, which is cheaper than one by one.
  Status read(std::span<Piece> pieces);

 private:
  friend SegmentJournal;
  JournalReader(const SegmentJournal& journal, std::shared_lock<std::shared_mutex> files)
      : journal_(&journal), files_(std::move(files)) {}
  /// The record of this group. The journal's lock.
  Result<Bytes> find(GroupNo group);

  const SegmentJournal* journal_;
  std::shared_lock<std::shared_mutex> files_;
  std::vector<SegmentPin> pins_;
  std::size_t last_pin_ = 0;  // where a record was found
  GroupNo group_;             // whose record is in record_
  Bytes record_;
};

/// The journal on disk: a folder of segments, each filled from its beginning; one write per group, and a sync
/// for one or several. A segment is synced before the next one begins. One whose records the tables have is
/// used again, so after a while no append changes the size or the blocks of a file, and a sync is no more
/// than the data. append(), replay(), drop_from() and repair() belong to the committer's thread; the others
/// to any.
class SegmentJournal final : public Journal {
 public:
  /// Makes the folder and the first segment when there is none. `max_size`: bytes of all segments together.
  /// Errors: Corruption (a damaged segment; with `read_only` also when there is none), NoSpace, Io. `marks`:
  /// those of another format, for reading only.
  static Result<std::unique_ptr<SegmentJournal>> open(const std::string& folder, std::uint64_t max_size,
                                                      bool read_only = false,
                                                      const SegmentMarks& marks = Segment::kMarks);

  Status append(GroupNo number, std::span<const Bytes> group, Sync sync) override;
  Status sync() override;
  GroupNo synced() const override { return {synced_.load(std::memory_order_acquire)}; }
  /// Everything up to this group, which was appended, is durable. Precondition: the caller has no reader.
  Status sync_up_to(GroupNo last);
  Status replay(GroupNo from, const Visit& visit) override;
  /// Only notes the position: the next append that needs a segment takes what is free by then.
  Status trim(GroupNo before) override;

  /// `wanted` is told on the committer's thread when a segment of small groups fills and none is free behind
  /// it. Before the first append.
  void set_on_spare_wanted(std::function<void()> wanted) { on_spare_wanted_ = std::move(wanted); }
  /// Makes a segment for later whose blocks were written once, unless one is free. Any thread; one call at a
  /// time. Errors: Closed: not to go on, or the files were opened again meanwhile; NoSpace: the disk or
  /// store.max_size has no room to spare; Io.
  Status make_spare(const Segment::GoOn& go_on);

  /// Calls `visit` for every record that a segment has, also behind a gap, in order.
  Status visit_found(
      const std::function<Status(const Segment::Record&, Bytes, bool behind_gap)>& visit) const;
  /// After a start: everything up to `next` is here or in the tables, which begin at `position`, and durable.
  /// What no record says to be on the disk is written once more. Errors: Io.
  Status settle(GroupNo position, GroupNo next);

  Result<JournalReader> reader();
  /// First and last group on disk; zero when there is none.
  std::pair<GroupNo, GroupNo> range() const;
  /// Deletes `from` and everything behind it, durably. No append meanwhile.
  Status drop_from(GroupNo from);
  /// After a failed append or sync: opens the files again, deletes `next` and everything behind it, and
  /// writes again what no sync has covered, all durably. `check` says whether a record is whole. Readers
  /// wait. No append meanwhile. Errors: Corruption (the system has lost a group before `next`), Io; then
  /// nothing is appended or synced until it succeeds.
  Status repair(GroupNo next, const Visit& check);

  /// Bytes that a group of this size takes in the journal.
  static std::uint64_t footprint(std::size_t group_bytes) {
    return Segment::blocks_for(group_bytes) * Segment::kBlock;
  }

  // Any thread.
  std::uint64_t file_bytes() const;
  /// Of segments that hold something the tables do not have.
  std::uint64_t used_bytes() const;
  std::uint64_t groups() const { return groups_.load(std::memory_order_relaxed); }
  std::uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  /// Blocks of records and of headers, that were written since the journal was made or opened.
  std::uint64_t written_bytes() const { return written_.load(std::memory_order_relaxed); }
  /// That all appends and syncs took together.
  std::uint64_t commit_micros() const { return commit_micros_.load(std::memory_order_relaxed); }

 private:
  friend JournalReader;
  using Segments = std::vector<std::unique_ptr<Segment>>;

  SegmentJournal(std::string folder, std::uint64_t max_size, bool read_only, const SegmentMarks& marks);
  Status open_files();
  Status reopen();
  Status write_again(GroupNo next, const Visit& check);
  Status sort_out(Segments found);
  /// A segment without records at the end of live_, with room for a group of `size`.
  Status begin_segment(std::size_t size);
  void ask_for_spare(const Segment& segment);
  bool is_trimmed(const Segment& segment) const;
  bool has_spare() const;
  Status take_in(std::unique_ptr<Segment> spare, std::uint64_t opened);
  Result<std::unique_ptr<Segment>> make_segment(std::uint64_t needed);
  void retire_trimmed(bool are_held);
  std::unique_ptr<Segment> take_retired(std::uint64_t bytes);
  void delete_spare(std::uint64_t needed);
  std::uint64_t bytes_of_all() const;
  Segment::Life next_life();
  void add_commit_time(std::chrono::steady_clock::time_point begin);

  const std::string folder_;
  const std::uint64_t max_size_;
  const std::uint64_t segment_bytes_;
  const bool read_only_;
  const SegmentMarks marks_;
  std::atomic<bool> is_broken_{false};  // an append or a sync failed: nothing is certain until repair()

  std::mutex syncing_;               // first of all: a failed sync is told to one caller only
  mutable std::shared_mutex files_;  // exclusive: reopen; shared: a reader's life
  mutable std::mutex turnstile_;     // readers that come while reopen() waits do not keep it out
  mutable std::mutex mutex_;         // the lists and the segments' records
  Segments live_;                    // in order; the last one is being written
  Segments retired_;                 // the tables have all they hold
  std::size_t wanted_ = 0;           // segments, live and retired; mutex_
  std::uint64_t last_order_ = 0;
  std::uint64_t next_name_ = 1;  // mutex_, as soon as it is open
  std::uint64_t opened_ = 0;     // how often the files were; mutex_
  std::function<void()> on_spare_wanted_;
  bool spare_asked_ = false;  // for the segment that is being written
  GroupNo last_;              // written; mutex_
  std::atomic<std::uint64_t> synced_{0};
  std::atomic<std::uint64_t> trim_before_{0};
  std::atomic<std::uint64_t> groups_{0};
  std::atomic<std::uint64_t> bytes_{0};
  std::atomic<std::uint64_t> written_{0};
  std::atomic<std::uint64_t> commit_micros_{0};
};

}  // namespace hermod::store
