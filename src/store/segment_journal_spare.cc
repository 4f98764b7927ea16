// Segments that are free: those whose records the tables have, and one ahead of the need for it, whose blocks
// were written once. A sync of a block that never was also writes where it is, which costs a lone publisher
// half a sync more (ADR 0039).

#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "store/file_system.h"
#include "store/segment_journal.h"
#include "store/segment_name.h"

namespace hermod::store {
namespace {

/// Retired segments that are kept for another life in any case.
constexpr std::size_t kSpares = 8;
/// What was in use at once is forgotten by this part with each trim.
constexpr std::size_t kForgottenPart = 8;
/// A spare is asked for when this part of a segment is full.
constexpr std::uint64_t kAskedPart = 4;
/// Blocks of a group, in the mean, up to which a spare is worth its zeros: with larger ones the disk has
/// enough to write, and where a block is costs little beside it.
constexpr std::uint64_t kSmallGroup = 4;
/// Segments that the disk has to have room for before one is made that nobody needs yet.
constexpr std::uint64_t kRoomToSpare = 4;

}  // namespace

/// The last one stays: it is being written. As many are kept as were in use at once lately: the blocks of a
/// new one have never been written, so each sync of it writes where they are as well.
void SegmentJournal::retire_trimmed(bool are_held) {
  const std::lock_guard lock(mutex_);
  const auto stays = [&](const std::unique_ptr<Segment>& segment) {
    return segment == live_.back() || !is_trimmed(*segment);
  };
  const std::size_t used = live_.size();
  const auto trimmed = std::stable_partition(live_.begin(), live_.end(), stays);
  if (trimmed != live_.end()) wanted_ = std::max(used, wanted_ - wanted_ / kForgottenPart);
  retired_.insert(retired_.end(), std::make_move_iterator(trimmed), std::make_move_iterator(live_.end()));
  live_.erase(trimmed, live_.end());
  const std::size_t spares = std::max(kSpares, wanted_ - std::min(wanted_, live_.size()));
  // An oversized one was made for one group.
  for (std::size_t kept = 0; auto& segment : retired_) {
    if (are_held || segment->is_pinned()) continue;
    if (segment->bytes() <= segment_bytes_ && ++kept <= spares) continue;
    ::unlink(segment->file().c_str());
    segment.reset();
  }
  std::erase(retired_, nullptr);
}

std::unique_ptr<Segment> SegmentJournal::take_retired(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(retired_.begin(), retired_.end(), [&](const auto& segment) {
    return segment->bytes() >= bytes && !segment->is_pinned();
  });
  if (found == retired_.end()) return nullptr;
  std::unique_ptr<Segment> segment = std::move(*found);
  retired_.erase(found);
  return segment;
}

/// Makes room for a segment that none of the retired ones can be.
void SegmentJournal::delete_spare(std::uint64_t needed) {
  while (file_bytes() + needed > max_size_) {
    const std::unique_ptr<Segment> spare = take_retired(0);
    if (!spare) return;
    ::unlink(spare->file().c_str());
  }
}

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

/// The tables have all of its records. The journal's lock.
bool SegmentJournal::is_trimmed(const Segment& segment) const {
  const GroupNo before{trim_before_.load(std::memory_order_acquire)};
  return segment.records().empty() || segment.records().back().group < before;
}

/// Something is free, or will be when the next segment is begun. The journal's lock.
bool SegmentJournal::has_spare() const {
  for (const auto& segment : retired_)
    if (!segment->is_pinned()) return true;
  return live_.size() > 1 && is_trimmed(*live_.front());
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
