#include "net/websocket_scanner.h"

#include <algorithm>

namespace hermod::net {
namespace {

constexpr std::uint8_t kContinuation = 0x0;
constexpr std::uint8_t kText = 0x1;
constexpr std::uint8_t kBinary = 0x2;
constexpr std::uint8_t kClose = 0x8;
constexpr std::uint8_t kPing = 0x9;
constexpr std::uint8_t kPong = 0xA;
constexpr std::uint64_t kMaxControl = 125;

}  // namespace

WebSocketScanner::Step WebSocketScanner::next(Bytes bytes) {
  std::size_t good = 0;  // a Close frame is not for the library, and ends what is
  for (std::size_t i = 0; i < bytes.size();) {
    const std::uint8_t byte = bytes[i];
    const char* wrong = nullptr;
    switch (at_) {
      case At::First:
        wrong = first(byte);
        ++i;
        break;
      case At::Second:
        wrong = second(byte);
        ++i;
        break;
      case At::Length:
        // The library sees the beginning of a length before its end is here, and must not refuse it.
        if (length_size_ == 8 && left_ == 8 && byte >= 0x80) {
          wrong = "a length of 64 bits";
          break;
        }
        length_ = length_ << 8 | byte;
        if (--left_ == 0) wrong = length_is_known();
        ++i;
        break;
      case At::Mask:
        mask_.at(4U - left_) = byte;
        if (--left_ == 0) mask_is_known();
        ++i;
        break;
      case At::Payload: {
        const std::size_t size = std::min<std::uint64_t>(length_, bytes.size() - i);
        if (opcode_ == kClose) look_at_close(bytes.subspan(i, size));
        length_ -= size;
        i += size;
        break;
      }
    }
    if (wrong != nullptr) return fault(good, wrong);
    if (at_ == At::Payload && length_ == 0) {
      at_ = At::First;
      if (opcode_ == kClose) return {.what = What::Close, .size = good, .code = answer_to_close()};
      if (opcode_ == kPing) return {.what = What::Ping, .size = i};
    }
    if (opcode_ != kClose) good = i;
  }
  return {.what = What::Frames, .size = good};
}

WebSocketScanner::Step WebSocketScanner::fault(std::size_t size, const char* why) {
  return {.what = What::Fault, .size = size, .code = fault_, .why = why};
}

const char* WebSocketScanner::first(std::uint8_t byte) {
  fault_ = CloseCode::ProtocolError;
  opcode_ = byte & 0x0F;
  is_last_ = (byte & 0x80) != 0;
  at_ = At::Second;
  if ((byte & 0x70) != 0) return "a reserved bit is set, and no extension was agreed on";
  switch (opcode_) {
    case kContinuation:
      if (!is_message_open_) return "a continuation of nothing";
      break;
    case kText:
      fault_ = CloseCode::Unacceptable;
      return "a text frame: MQTT is binary";  // [MQTT-6.0.0-1]
    case kBinary:
      if (is_message_open_) return "a new message inside a fragmented one";
      break;
    case kClose:
    case kPing:
    case kPong:
      return is_last_ ? nullptr : "a fragmented control frame";
    default:
      return "an unknown kind of frame";
  }
  is_message_open_ = !is_last_;
  return nullptr;
}

const char* WebSocketScanner::second(std::uint8_t byte) {
  if ((byte & 0x80) == 0) return "a frame that is not masked";
  length_ = byte & 0x7FU;
  length_size_ = 0;
  if (length_ >= 126) {
    if (is_control()) return "a long control frame";
    length_size_ = left_ = length_ == 126 ? 2 : 8;
    length_ = 0;
    at_ = At::Length;
    return nullptr;
  }
  return length_is_known();
}

const char* WebSocketScanner::length_is_known() {
  static_assert(kMaxControl < 126);
  if ((length_size_ == 2 && length_ < 126) || (length_size_ == 8 && length_ <= 0xFFFF))
    return "a length in more bytes than it needs";
  if (length_ > kMaxFrame) {
    fault_ = CloseCode::TooBig;
    return "a frame longer than any MQTT packet";
  }
  if (opcode_ == kClose && length_ == 1) return "a Close with half a code";
  left_ = 4;
  at_ = At::Mask;
  return nullptr;
}

void WebSocketScanner::mask_is_known() {
  at_ = At::Payload;
  close_size_ = 0;
}

void WebSocketScanner::look_at_close(Bytes payload) {
  for (std::size_t i = 0; i < payload.size() && close_size_ < close_code_.size(); ++i, ++close_size_)
    close_code_.at(close_size_) = payload[i] ^ mask_.at(close_size_);
}

/// RFC 6455, 5.5.1: the answer has the code that came, if it is one that may come.
CloseCode WebSocketScanner::answer_to_close() const {
  if (close_size_ < 2) return CloseCode::Normal;
  const unsigned code = close_code_[0] << 8U | close_code_[1];
  const bool defined = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1011);
  const bool of_applications = code >= 3000 && code <= 4999;
  return defined || of_applications ? static_cast<CloseCode>(code) : CloseCode::ProtocolError;
}

}  // namespace hermod::net
