#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "net/websocket_frame.h"

namespace hermod::net {

/// Takes the frames of a client apart as their bytes arrive: looks for what breaks the rules, and unmasks
/// what they hold in the buffer they came in. What is compressed stays so. Pure; owns no bytes but those of a
/// ping or a Close. One per connection.
class WebSocketScanner {
 public:
  /// No MQTT packet is longer, so no frame has to be.
  static constexpr std::uint64_t kMaxFrame = 268'435'460;

  enum class What : std::uint8_t {
    Frames,      ///< whole frames, or parts of them; all bytes, or those in front of a compressed message
    Compressed,  ///< the payload is a part of a compressed message and lies behind all else that was taken
    Ping,        ///< the last byte that was taken ends a ping: it wants its answer
    Close,       ///< the client's Close, which ends what it says
    Fault,       ///< something breaks a rule
  };
  struct Step {
    What what = What::Frames;
    std::size_t taken = 0;               ///< bytes that keep the rules
    CloseCode code = CloseCode::Normal;  ///< Close: how to answer; Fault: what to tell the client
    const char* why = "";                ///< Fault
    bool ends_message = false;           ///< Compressed: nothing more of the message follows
  };
  /// Looks at `bytes`, which follow those of the last call, as far as there is nothing to do in between. What
  /// binary frames hold is unmasked and moved to the end of `payload`: empty at first, and then a part of the
  /// same buffer in front of `bytes`. After Close or Fault it must not be asked again. Precondition:
  /// `payload` is empty once compressed messages are taken.
  Step next(std::span<std::uint8_t> bytes, std::span<std::uint8_t>& payload);
  /// What the ping held that the last step told of; once.
  std::string take_ping() { return std::exchange(control_, {}); }
  /// From now on messages may be compressed: both sides have agreed on it.
  void take_compressed() { takes_compressed_ = true; }

 private:
  enum class At : std::uint8_t { First, Second, Length, Mask, Payload };

  const char* first(std::uint8_t byte);
  const char* second(std::uint8_t byte);
  const char* length_byte(std::uint8_t byte);
  const char* length_is_known();
  void take_payload(std::span<std::uint8_t> piece, std::span<std::uint8_t>& payload);
  /// `to` is in front of `from`, or the same.
  void unmask(std::span<const std::uint8_t> from, std::uint8_t* to);
  CloseCode answer_to_close() const;
  Step fault(std::size_t taken, const char* why) const;
  bool is_control() const { return (static_cast<unsigned>(opcode_) & 0x8U) != 0; }
  bool is_in_compressed() const { return is_compressed_ && !is_control(); }

  std::uint64_t length_ = 0;  ///< of the frame's payload; then what is left of it
  std::string control_;       ///< what a ping or a Close held so far
  std::array<std::uint8_t, 4> mask_{};
  CloseCode fault_ = CloseCode::ProtocolError;
  Opcode opcode_ = Opcode::Continuation;
  std::uint8_t left_ = 0;  ///< bytes of the length or of the mask that are still to come
  std::uint8_t length_size_ = 0;
  std::uint8_t mask_at_ = 0;  ///< the byte of the mask for the next byte of the payload
  At at_ = At::First;
  bool is_last_ = false;          ///< FIN
  bool is_message_open_ = false;  ///< a fragmented message waits for its next frame
  bool takes_compressed_ = false;
  bool is_compressed_ = false;  ///< the message of the last data frame
};

}  // namespace hermod::net
