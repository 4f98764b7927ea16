#include "websocket_stream.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace hermod::bench {
namespace {

constexpr std::uint8_t kContinuation = 0x0;
constexpr std::uint8_t kBinary = 0x2;
constexpr std::uint8_t kClose = 0x8;
constexpr std::uint8_t kPing = 0x9;
constexpr std::uint8_t kPong = 0xA;
constexpr std::size_t kMostHead = 10;
constexpr std::size_t kMostControl = 125;

/// Twice, for eight bytes at a time. The same for every frame: it protects proxies, and there is none.
constexpr std::array<char, 8> kMask{'\x37', '\x5A', '\x21', '\x3D', '\x37', '\x5A', '\x21', '\x3D'};

void mask(char* bytes, std::size_t size) {
  std::uint64_t key = 0;
  std::memcpy(&key, kMask.data(), sizeof key);
  std::size_t i = 0;
  for (; i + sizeof key <= size; i += sizeof key) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes + i, sizeof word);
    word ^= key;
    std::memcpy(bytes + i, &word, sizeof word);
  }
  for (; i < size; ++i) bytes[i] = static_cast<char>(bytes[i] ^ kMask[i % kMask.size()]);
}

/// Puts the head of a masked frame in front of what begins at `begin`, and masks that.
void wrap(std::uint8_t opcode, std::string& out, std::size_t begin) {
  const std::size_t size = out.size() - begin;
  std::array<char, kMostHead + 4> head{};
  head[0] = static_cast<char>(0x80 | opcode);
  const int length_bytes = size < 126 ? 0 : size <= 0xFFFF ? 2 : 8;
  head[1] = static_cast<char>(0x80 | (length_bytes == 0 ? size : length_bytes == 2 ? 126U : 127U));
  std::size_t at = 2;
  for (int shift = 8 * (length_bytes - 1); shift >= 0; shift -= 8)
    head.at(at++) = static_cast<char>(size >> shift);
  std::memcpy(head.data() + at, kMask.data(), 4);
  mask(out.data() + begin, size);
  out.insert(begin, head.data(), at + 4);
}

struct Head {
  std::uint8_t opcode = 0;
  std::uint64_t size = 0;
  std::size_t length = 0;  ///< 0: not complete
};

Head head_of(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < 2) return {};
  const std::uint8_t first = bytes[1] & 0x7F;
  const std::size_t more = first == 126 ? 2 : first == 127 ? 8 : 0;
  if (bytes.size() < 2 + more) return {};
  Head head{static_cast<std::uint8_t>(bytes[0] & 0x0F), first, 2 + more};
  if (more > 0) head.size = 0;
  for (const std::uint8_t byte : bytes.subspan(2, more)) head.size = head.size << 8 | byte;
  return head;
}

}  // namespace

std::string websocket_request(const std::string& host, const std::string& path) {
  return "GET " + path + " HTTP/1.1\r\nHost: " + host +
         "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
         "Sec-WebSocket-Key: aGVybW9kLWJlbmNoIGtleQ==\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n";
}

void WebSocketStream::frame(std::string& out, std::size_t begin) {
  if (out.size() > begin) wrap(kBinary, out, begin);
  out += answers_;
  answers_.clear();
}

std::size_t WebSocketStream::take_answer(std::string_view text) {
  const std::size_t end = text.find("\r\n\r\n");
  if (end == std::string_view::npos) return 0;
  is_open_ = text.starts_with("HTTP/1.1 101 ");
  if (is_open_) return end + 4;
  fault_ = "no WebSocket: " + std::string(text.substr(0, text.find("\r\n")));
  return 0;
}

void WebSocketStream::obey(std::uint8_t opcode, std::string_view payload) {
  if (opcode != kPing && opcode != kClose) return;
  const std::size_t begin = answers_.size();
  answers_ += payload;
  wrap(opcode == kPing ? kPong : kClose, answers_, begin);
}

std::optional<std::size_t> WebSocketStream::take(std::span<std::uint8_t> arrived) {
  rest_.clear();
  std::uint8_t* out = arrived.data();
  std::span<std::uint8_t> in = arrived;
  const auto keep = [&] { rest_.assign(reinterpret_cast<const char*>(in.data()), in.size()); };
  if (!is_open_) {
    in = in.subspan(take_answer({reinterpret_cast<const char*>(in.data()), in.size()}));
    if (!fault_.empty()) return std::nullopt;
    if (!is_open_) keep();
    if (!is_open_) return 0;
  }
  while (!in.empty()) {
    if (left_ > 0) {
      const std::size_t size = std::min<std::size_t>(left_, in.size());
      std::memmove(out, in.data(), size);
      out += size;
      left_ -= size;
      in = in.subspan(size);
      continue;
    }
    const Head head = head_of(in);
    if (head.length == 0) break;
    const bool is_control = head.opcode >= kClose;
    if (is_control ? head.size > kMostControl : head.opcode != kBinary && head.opcode != kContinuation) {
      fault_ = "the broker sent a frame of a wrong kind";
      return std::nullopt;
    }
    if (!is_control) {
      left_ = head.size;
      in = in.subspan(head.length);
      continue;
    }
    if (in.size() < head.length + head.size) break;
    obey(head.opcode, {reinterpret_cast<const char*>(in.data() + head.length), head.size});
    in = in.subspan(head.length + head.size);
  }
  keep();
  return static_cast<std::size_t>(out - arrived.data());
}

}  // namespace hermod::bench
