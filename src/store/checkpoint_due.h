#pragma once
#include <cstddef>
#include <cstdint>

namespace hermod::store {

/// When a checkpoint is worth it, by what it would write and by the memory that knows of it. Pure.
class CheckpointDue {
 public:
  /// What waits for a checkpoint.
  struct Waiting {
    std::uint64_t live_bytes = 0;    ///< of entries
    std::uint64_t streams = 0;       ///< that they are of
    std::uint64_t record_bytes = 0;  ///< in the journal
    std::uint64_t memory_bytes = 0;
  };
  /// Not before one of them has grown to this.
  struct Look {
    std::uint64_t record_bytes = 0;
    std::uint64_t memory_bytes = 0;
  };

  /// `checkpoint_bytes` of Options. `machine_memory`: how much there is; 0: plenty.
  CheckpointDue(std::uint64_t checkpoint_bytes, std::uint64_t machine_memory);

  /// `room`: journaled bytes that make one due in any case.
  bool is_due(const Waiting& waiting, std::uint64_t room) const;
  Look first_look(std::uint64_t room) const;
  /// When to ask again what was not due now.
  Look next_look(const Waiting& waiting, std::uint64_t room) const;
  /// Commits wait while what is known in memory is more. As much may be written meanwhile. What does not get
  /// better by waiting is no reason to take more memory.
  std::uint64_t most_memory(const Waiting& waiting) const {
    return 2 * (is_patient(waiting) ? thin_memory_ : memory_);
  }

 private:
  std::uint64_t enough(std::uint64_t room) const;
  bool is_patient(const Waiting& waiting) const;
  bool is_little(const Waiting& waiting, std::uint64_t room) const;
  std::uint64_t limit(std::uint64_t room) const;

  const std::uint64_t checkpoint_bytes_;
  const std::uint64_t thin_memory_;  // here it is due however thin the streams are
  const std::uint64_t memory_;       // and here when they are thick
};

}  // namespace hermod::store
