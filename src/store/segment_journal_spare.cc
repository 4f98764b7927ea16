// A segment ahead of the need for it, whose blocks were written once: a sync of a block that never was also
// writes where it is, which costs a lone publisher half a sync more (ADR 0039).

#include <unistd.h>

#include <mutex>
#include <string>
#include <utility>

#include "store/file_system.h"
#include "store/segment_journal.h"
#include "store/segment_name.h"

namespace hermod::store {
namespace {

/// A spare is asked for when this part of a segment is full.
constexpr std::uint64_t kAskedPart = 4;
/// Blocks of a group, in the mean, up to which a spare is worth its zeros: with larger ones the disk has
/// enough to write, and where a block is costs little beside it.
constexpr std::uint64_t kSmallGroup = 4;
/// Segments that the disk has to have room for before one is made that nobody needs yet.
constexpr std::uint64_t kRoomToSpare = 4;

}  // namespace

/// On the committer's thread, with the segment that is being written.
void SegmentJournal::ask_for_spare(const Segment& segment) {
  if (spare_asked_ || !on_spare_wanted_) return;
  const std::uint64_t used = segment.used_blocks();
  if (used * Segment::kBlock < segment.bytes() / kAskedPart) return;
  spare_asked_ = true;
  {
    const std::lock_guard lock(mutex_);
    if (segment.records().size() * kSmallGroup < used || has_spare()) return;
  }
  on_spare_wanted_();
}

/// Something is free, or will be when the next segment is begun. The journal's lock.
bool SegmentJournal::has_spare() const {
  for (const auto& segment : retired_)
    if (!segment->is_pinned()) return true;
  const Segment& oldest = *live_.front();
  const GroupNo before{trim_before_.load(std::memory_order_acquire)};
  return live_.size() > 1 && !oldest.records().empty() && oldest.records().back().group < before;
}

Status SegmentJournal::make_spare(const Segment::GoOn& go_on) {
  std::string file;
  std::uint64_t opened = 0;
  {
    const std::lock_guard lock(mutex_);
    if (live_.empty()) return failure(Errc::Closed, folder_ + ": the journal is closed");
    if (has_spare()) return {};
    if (bytes_of_all() + segment_bytes_ > max_size_)
      return failure(Errc::NoSpace, folder_ + ": store.max_size has no room to spare");
    file = segment_file(folder_, next_name_++);
    opened = opened_;
  }
  if (free_bytes(folder_) < kRoomToSpare * segment_bytes_)
    return failure(Errc::NoSpace, folder_ + ": the disk has no room to spare");
  auto spare = Segment::prepare(file, segment_bytes_, go_on);
  if (!spare) return tl::unexpected(spare.error());
  return take_in(std::move(*spare), opened);
}

/// `opened`: how often the files were opened when it was begun; what was opened since has not seen it, and
/// may have thrown it away.
Status SegmentJournal::take_in(std::unique_ptr<Segment> spare, std::uint64_t opened) {
  std::unique_lock turn(turnstile_);
  const std::shared_lock files(files_);  // they are not opened again meanwhile
  turn.unlock();
  {
    const std::lock_guard lock(mutex_);
    if (opened != opened_ || bytes_of_all() + spare->bytes() > max_size_) {
      ::unlink(Segment::unpublished(spare->file()).c_str());
      return failure(Errc::Closed, spare->file() + ": is not wanted any more");
    }
  }
  if (Status named = spare->publish(); !named) return named;
  // Before it is used: a name that a power cut takes would take records with it.
  if (Status synced = sync_folder(folder_); !synced) {
    ::unlink(spare->file().c_str());
    return synced;
  }
  written_.fetch_add(spare->bytes(), std::memory_order_relaxed);
  const std::lock_guard lock(mutex_);
  retired_.push_back(std::move(spare));
  return {};
}

}  // namespace hermod::store
