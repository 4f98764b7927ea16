#include "net/websocket_scanner.h"

#include <algorithm>
#include <cstring>

#include "net/utf8.h"

namespace hermod::net {

WebSocketScanner::Step WebSocketScanner::next(std::span<std::uint8_t> bytes,
                                              std::span<std::uint8_t>& payload) {
  for (std::size_t i = 0; i < bytes.size();) {
    const char* wrong = nullptr;
    switch (at_) {
      case At::First:
        wrong = first(bytes[i++]);
        // What is not compressed ends here.
        if (wrong == nullptr && is_in_compressed() && !payload.empty())
          return {.what = What::Frames, .taken = i};
        break;
      case At::Second:
        wrong = second(bytes[i++]);
        break;
      case At::Length:
        wrong = length_byte(bytes[i++]);
        break;
      case At::Mask:
        mask_.at(4U - left_) = bytes[i++];
        if (--left_ == 0) at_ = At::Payload;
        break;
      case At::Payload: {
        const std::size_t size = std::min<std::uint64_t>(length_, bytes.size() - i);
        take_payload(bytes.subspan(i, size), payload);
        length_ -= size;
        i += size;
        break;
      }
    }
    if (wrong != nullptr) return fault(i - 1, wrong);
    if (at_ != At::Payload) continue;
    const bool frame_ends = length_ == 0;
    if (frame_ends) at_ = At::First;
    if (is_in_compressed()) {
      const bool ends_message = frame_ends && is_last_;
      if (payload.empty() && !ends_message) continue;
      return {.what = What::Compressed, .taken = i, .ends_message = ends_message};
    }
    if (!frame_ends) continue;
    if (opcode_ == Opcode::Close) {
      if (control_.size() > 2 && !is_utf8(std::string_view(control_).substr(2))) {
        fault_ = CloseCode::InvalidData;
        return fault(i - 1, "the reason of a Close is not text");
      }
      return {.what = What::Close, .taken = i, .code = answer_to_close()};
    }
    if (opcode_ == Opcode::Ping) return {.what = What::Ping, .taken = i};
  }
  return {.what = What::Frames, .taken = bytes.size()};
}

WebSocketScanner::Step WebSocketScanner::fault(std::size_t taken, const char* why) const {
  return {.what = What::Fault, .taken = taken, .code = fault_, .why = why};
}

const char* WebSocketScanner::first(std::uint8_t byte) {
  fault_ = CloseCode::ProtocolError;
  opcode_ = static_cast<Opcode>(byte & 0x0F);
  is_last_ = (byte & 0x80) != 0;
  at_ = At::Second;
  const bool is_compressed = (byte & 0x40) != 0;
  if ((byte & 0x30) != 0 || (is_compressed && !takes_compressed_))
    return "a reserved bit is set, and no extension was agreed on";
  switch (opcode_) {
    case Opcode::Continuation:
      if (!is_message_open_) return "a continuation of nothing";
      if (is_compressed) return "what says that a message is compressed stands in its first frame";
      break;
    case Opcode::Text:
      fault_ = CloseCode::Unacceptable;
      return "a text frame: MQTT is binary";  // [MQTT-6.0.0-1]
    case Opcode::Binary:
      if (is_message_open_) return "a new message inside a fragmented one";
      is_compressed_ = is_compressed;
      break;
    case Opcode::Close:
    case Opcode::Ping:
    case Opcode::Pong:
      if (is_compressed) return "a compressed control frame";
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

const char* WebSocketScanner::length_byte(std::uint8_t byte) {
  if (length_size_ == 8 && left_ == 8 && byte >= 0x80) return "a length of 64 bits";
  length_ = length_ << 8 | byte;
  return --left_ == 0 ? length_is_known() : nullptr;
}

const char* WebSocketScanner::length_is_known() {
  static_assert(kMaxControl < 126);
  if ((length_size_ == 2 && length_ < 126) || (length_size_ == 8 && length_ <= 0xFFFF))
    return "a length in more bytes than it needs";
  if (length_ > kMaxFrame) {
    fault_ = CloseCode::TooBig;
    return "a frame longer than any MQTT packet";
  }
  if (opcode_ == Opcode::Close && length_ == 1) return "a Close with half a code";
  left_ = 4;
  mask_at_ = 0;
  control_.clear();
  at_ = At::Mask;
  return nullptr;
}

void WebSocketScanner::take_payload(std::span<std::uint8_t> piece, std::span<std::uint8_t>& payload) {
  if (piece.empty()) return;
  if (!is_control()) {
    std::uint8_t* const begin = payload.empty() ? piece.data() : payload.data();
    unmask(piece, begin + payload.size());
    payload = {begin, payload.size() + piece.size()};
    return;
  }
  unmask(piece, piece.data());
  if (opcode_ != Opcode::Pong) control_ += as_text(piece);
}

/// Eight bytes at a time: the mask, turned to where this piece begins, lies twice in a word.
void WebSocketScanner::unmask(std::span<const std::uint8_t> from, std::uint8_t* to) {
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  std::array<std::uint8_t, kWord> turned{};
  for (std::size_t i = 0; i < kWord; ++i) turned.at(i) = mask_.at((mask_at_ + i) % mask_.size());
  std::uint64_t mask = 0;
  std::memcpy(&mask, turned.data(), kWord);
  std::size_t done = 0;
  for (; from.size() - done >= kWord; done += kWord) {
    std::uint64_t word = 0;
    std::memcpy(&word, from.data() + done, kWord);
    word ^= mask;
    std::memcpy(to + done, &word, kWord);
  }
  for (; done < from.size(); ++done) to[done] = from[done] ^ turned[done % kWord];
  mask_at_ = static_cast<std::uint8_t>((mask_at_ + from.size()) % mask_.size());
}

/// RFC 6455, 5.5.1: the answer has the code that came, if it is one that may come; 1012 to 1014 were
/// registered later.
CloseCode WebSocketScanner::answer_to_close() const {
  if (control_.size() < 2) return CloseCode::Normal;
  const Bytes bytes = as_bytes(control_);
  const unsigned code = bytes[0] << 8U | bytes[1];
  const bool defined = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
  const bool of_applications = code >= 3000 && code <= 4999;
  return defined || of_applications ? static_cast<CloseCode>(code) : CloseCode::ProtocolError;
}

}  // namespace hermod::net
