#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace hermod::net {

/// Close codes of RFC 6455, 7.4.1.
enum class CloseCode : std::uint16_t {
  Normal = 1000,
  GoingAway = 1001,
  ProtocolError = 1002,
  Unacceptable = 1003,
  TooBig = 1009,
  InternalError = 1011,
};

/// Looks through the frames of a client for what breaks the rules, so that the library only gets frames that
/// keep them, and is told where frames with an answer end. Pure, and owns no bytes.
class WebSocketScanner {
 public:
  /// No MQTT packet is longer, so no frame has to be.
  static constexpr std::uint64_t kMaxFrame = 268'435'460;

  enum class What : std::uint8_t {
    Frames,  ///< good bytes: parts of frames, whole frames
    Ping,    ///< good bytes, and the last of them end a ping: it wants its answer
    Close,   ///< good bytes, then the client's Close, which ends what it says
    Fault,   ///< good bytes, then some that break a rule
  };
  struct Step {
    What what = What::Frames;
    std::size_t size = 0;                ///< good bytes for the library
    CloseCode code = CloseCode::Normal;  ///< Close: how to answer; Fault: what to tell the client
    const char* why = "";                ///< Fault
  };
  /// Looks at `bytes`, which follow those of the last call, as far as there is nothing to do in between.
  /// After Close or Fault it must not be asked again.
  Step next(Bytes bytes);

 private:
  enum class At : std::uint8_t { First, Second, Length, Mask, Payload };

  const char* first(std::uint8_t byte);
  const char* second(std::uint8_t byte);
  const char* length_is_known();
  void mask_is_known();
  void look_at_close(Bytes payload);
  CloseCode answer_to_close() const;
  Step fault(std::size_t size, const char* why);
  bool is_control() const { return (opcode_ & 0x8) != 0; }

  std::uint64_t length_ = 0;  ///< of the frame's payload; then what is left of it
  std::array<std::uint8_t, 4> mask_{};
  std::array<std::uint8_t, 2> close_code_{};
  CloseCode fault_ = CloseCode::ProtocolError;
  std::uint8_t opcode_ = 0;
  std::uint8_t left_ = 0;  ///< bytes of the length or of the mask that are still to come
  std::uint8_t length_size_ = 0;
  std::uint8_t close_size_ = 0;  ///< bytes of a Close frame's payload seen, up to two
  At at_ = At::First;
  bool is_last_ = false;          ///< FIN
  bool is_message_open_ = false;  ///< a fragmented message waits for its next frame
};

}  // namespace hermod::net
