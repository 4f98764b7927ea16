#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "offset_check.h"
#include "stamp.h"
#include "stream_check.h"

namespace hermod::bench {

/// What one reader of a stream can tell by itself: that offsets have no gap, and that of each producer every
/// number came once and in order. It is what docs/streams.md tells programs to do. Owned by the reader, used
/// on its thread.
class StreamReading {
 public:
  struct Counts {
    std::uint64_t again = 0;               ///< sent once more over a new connection, under the same offset
    std::uint64_t backwards = 0;           ///< offsets that did not rise
    std::uint64_t changed = 0;             ///< offsets that had another message before
    std::uint64_t unnumbered = 0;          ///< without offset, or with another `seq` than was sent
    std::uint64_t duplicates = 0;          ///< the same message under two offsets
    std::uint64_t late = 0;                ///< behind a later one of its producer
    std::uint64_t late_after_refusal = 0;  ///< the same, where that is right
  };

  explicit StreamReading(std::size_t producers) : producers_(producers) {}

  void on_connected() { offsets_.on_connected(); }
  /// True for a first copy. Precondition: stamp.publisher is one of the producers.
  bool on_message(std::optional<std::uint64_t> offset, std::optional<std::uint64_t> seq, const Stamp& stamp);

  const Counts& counts() const { return counts_; }
  std::uint64_t missing_offsets() const { return offsets_.missing(); }
  const std::vector<StreamCheck>& producers() const { return producers_; }

 private:
  OffsetCheck offsets_;
  std::vector<StreamCheck> producers_;
  Counts counts_;
};

}  // namespace hermod::bench
