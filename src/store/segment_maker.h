#pragma once
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "store/segment_journal.h"

namespace hermod::store {

/// Makes segments of the journal ahead of the need for them, on a thread of its own, when the journal says
/// that one is wanted. It rests as long as each piece of a file took, so at least every other moment of the
/// disk is for what somebody waits for. A spare that cannot be made is not missed: the journal makes what it
/// needs. Owned by the store, beside the journal, which outlives it.
class SegmentMaker {
 public:
  explicit SegmentMaker(SegmentJournal& journal);
  /// Stops.
  ~SegmentMaker();
  SegmentMaker(const SegmentMaker&) = delete;
  SegmentMaker& operator=(const SegmentMaker&) = delete;

  /// Precondition: it does not run.
  void start();
  /// Ends the thread; a file that is not whole is given up.
  void stop();

 private:
  void run();
  void want();
  /// Rests; false when it is to stop.
  bool rest();

  SegmentJournal& journal_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool wanted_ = false;
  bool stopping_ = false;
  std::chrono::steady_clock::time_point rested_;  // when the last rest ended, or the file was begun
  std::thread thread_;
};

}  // namespace hermod::store
