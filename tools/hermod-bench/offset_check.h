#pragma once
#include <cstdint>

namespace hermod::bench {

/// The offsets of a stream as one reader sees them: they rise by one, and nothing else. Over a new connection
/// the reader is put back to what it had not acknowledged, or a little farther; from there on they rise by
/// one again. Owned by the reader, used on its thread.
class OffsetCheck {
 public:
  enum class Arrival {
    Next,       ///< the first copy
    Again,      ///< of what was sent on a connection before
    Backwards,  ///< the same or an earlier one on the same connection
  };

  void on_connected() { expected_ = 0; }
  Arrival on_offset(std::uint64_t offset);
  /// Offsets that were passed over.
  std::uint64_t missing() const { return missing_; }

 private:
  std::uint64_t next_ = 0;      // one above the highest; 0: none has come
  std::uint64_t expected_ = 0;  // on this connection; 0: none has come
  std::uint64_t missing_ = 0;
};

}  // namespace hermod::bench
