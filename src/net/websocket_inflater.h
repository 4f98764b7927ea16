#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/bytes.h"

struct z_stream_s;

namespace hermod::net {

/// Inflates the messages of WebSockets, each by itself (RFC 7692, 7.2.2), in pieces as small as one likes.
/// Owns some 40 KiB. Lent to one connection at a time by the CompressionPool of its loop; on the loop's
/// thread.
class MessageInflater {
 public:
  enum class What : std::uint8_t {
    Part,   ///< what was given is taken, or the room is full
    Ended,  ///< the message is taken and shown
    Fault,  ///< this is no compressed message
  };
  struct Step {
    What what = What::Part;
    std::size_t taken = 0;  ///< bytes of the input
    std::size_t made = 0;   ///< bytes of the room
  };

  /// Null when the system has no memory for it.
  static std::unique_ptr<MessageInflater> make();

  /// Forgets the message before. Comes before its first bytes.
  void begin();
  /// Goes on with the message: at most `room` of it is made. `is_last`: it ends with `input`; then it is to
  /// be called, with what is left of the input, until the message has ended. Precondition: `room` is not
  /// empty.
  Step next(Bytes input, bool is_last, std::span<std::uint8_t> room);

 private:
  struct End {
    void operator()(z_stream_s* stream) const;
  };

  explicit MessageInflater(std::unique_ptr<z_stream_s, End> stream);
  /// False when the bytes are no compressed data.
  bool inflate();
  bool is_complete() const;

  std::unique_ptr<z_stream_s, End> stream_;
  std::size_t tail_taken_ = 0;   ///< bytes of what a sender leaves out at the end
  bool is_behind_block_ = true;  ///< nothing came behind the last block, or nothing at all
};

}  // namespace hermod::net
