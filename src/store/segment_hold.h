#pragma once
#include <string>

namespace hermod::store {

/// While one lives, in whatever process, no segment of the journal in `folder` is deleted or begins another
/// life: what is copied stays what it is. A lock on the folder, which ends with its process. Any thread.
class SegmentHold {
 public:
  /// Waits for no longer than the broker takes to look. A folder that cannot be locked is not held.
  explicit SegmentHold(const std::string& folder);
  ~SegmentHold();
  SegmentHold(const SegmentHold&) = delete;
  SegmentHold& operator=(const SegmentHold&) = delete;

  static bool is_held(const std::string& folder);

 private:
  int descriptor_ = -1;
};

}  // namespace hermod::store
