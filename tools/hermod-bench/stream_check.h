#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace hermod::bench {

/// A run of sequence numbers, `end` excluded.
struct SequenceRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  friend bool operator==(const SequenceRange&, const SequenceRange&) = default;
};

/// Which messages of one publisher reached one subscriber, and in what order. Exact: every message is
/// counted as received once, as a duplicate, or as missing. Costs one comparison while nothing is wrong.
/// Owned by the subscriber, used on its thread.
class StreamCheck {
 public:
  enum class Arrival {
    InOrder,
    Duplicate,
    Late,  ///< the first copy, but a later message came before it
  };

  Arrival on_message(std::uint64_t sequence) {
    if (sequence == next_) {
      ++next_;
      return Arrival::InOrder;
    }
    return on_unexpected(sequence);
  }

  /// One above the highest sequence received.
  std::uint64_t next() const { return next_; }
  /// Gaps below next(), ascending.
  std::span<const SequenceRange> missing() const { return missing_; }
  std::uint64_t received() const;

 private:
  Arrival on_unexpected(std::uint64_t sequence);

  std::uint64_t next_ = 0;
  std::vector<SequenceRange> missing_;
};

/// The messages of 0 .. `sent` - 1 that none of `members` received, and how many copies arrived beyond the
/// first. With one member this is plain delivery, with several it is a shared subscription.
struct GroupResult {
  std::uint64_t lost = 0;
  std::uint64_t duplicates = 0;  ///< the same message at more than one member
};
GroupResult merge_members(std::span<const StreamCheck* const> members, std::uint64_t sent);

}  // namespace hermod::bench
