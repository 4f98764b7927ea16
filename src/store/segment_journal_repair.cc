// What a start and a failure ask of the journal: that what is in it is whole and on the disk.

#include <algorithm>
#include <mutex>
#include <string>

#include "store/segment_journal.h"

namespace hermod::store {

Status SegmentJournal::settle(GroupNo position, GroupNo next) {
  const std::lock_guard syncing(syncing_);
  synced_.store(std::max(synced_.load(), position.v - 1), std::memory_order_release);
  return write_again(next, [](GroupNo, Bytes) { return Status{}; });
}

/// Precondition: syncing_ is held.
Status SegmentJournal::write_again(GroupNo next, const Visit& check) {
  const std::lock_guard lock(mutex_);
  const GroupNo first{synced().v + 1};
  GroupNo expected = first;
  for (const auto& segment : live_) {
    for (const Segment::Record& record : segment->records()) {
      if (record.group < first) continue;
      if (record.group != expected) break;
      if (Status whole = check(record.group, segment->at(record)); !whole) return whole;
      ++expected.v;
    }
  }
  if (expected < next)
    return failure(Errc::Corruption, folder_ + ": the system has lost group " + std::to_string(expected.v) +
                                         ", which no sync had covered");
  for (const auto& segment : live_)
    if (Status written = segment->write_again(first); !written) return written;
  synced_.store(expected.v - 1, std::memory_order_release);
  return {};
}

Status SegmentJournal::drop_from(GroupNo from) {
  const std::lock_guard lock(mutex_);
  for (auto segment = live_.rbegin(); segment != live_.rend(); ++segment)
    if (Status dropped = (*segment)->drop_from(from); !dropped) return dropped;
  last_ = {};
  for (const auto& segment : live_)
    if (!segment->records().empty()) last_ = segment->records().back().group;
  return {};
}

/// A system forgets what a failed sync should have written, and takes the next one for a success. What was
/// answered for before it is still there to be read, so it is written again.
Status SegmentJournal::repair(GroupNo next, const Visit& check) {
  const std::lock_guard syncing(syncing_);
  is_broken_ = true;
  if (Status opened = reopen(); !opened) return opened;
  if (Status dropped = drop_from(next); !dropped) return dropped;
  // Groups from `next` on come once more, and have to be synced then.
  synced_.store(std::min(synced_.load(), next.v - 1), std::memory_order_release);
  if (Status written = write_again(next, check); !written) return written;
  is_broken_ = false;
  return {};
}

Status SegmentJournal::reopen() {
  const std::lock_guard turn(turnstile_);
  const std::lock_guard files(files_);
  {
    const std::lock_guard lock(mutex_);
    live_.clear();
    retired_.clear();
    ++opened_;
  }
  return open_files();
}

}  // namespace hermod::store
