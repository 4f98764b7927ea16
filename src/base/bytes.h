#pragma once
#include <charconv>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace hermod {

/// A view of bytes somebody else owns.
using Bytes = std::span<const std::uint8_t>;

inline std::string_view as_text(Bytes b) {
  return {reinterpret_cast<const char*>(b.data()), b.size()};
}
inline Bytes as_bytes(std::string_view s) {
  return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()};
}

/// Reads big-endian numbers off the front of a view. A read past the end gives zero (or an empty view)
/// and clears ok(), which stays cleared: check once after the last read.
class ByteReader {
 public:
  explicit ByteReader(Bytes bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  std::size_t remaining() const { return bytes_.size(); }
  Bytes rest() const { return bytes_; }

  std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  std::uint64_t u64() { return number(8); }

  /// The next `size` bytes.
  Bytes bytes(std::size_t size) {
    if (size > bytes_.size()) {
      ok_ = false;
      bytes_ = {};
      return {};
    }
    Bytes head = bytes_.first(size);
    bytes_ = bytes_.subspan(size);
    return head;
  }

  /// A two-byte length and that many bytes: MQTT's Binary Data and UTF-8 Encoded String (1.5.4, 1.5.6).
  Bytes sized16() { return bytes(u16()); }
  /// The same with a four-byte length; used in store records.
  Bytes sized32() { return bytes(u32()); }

 private:
  std::uint64_t number(std::size_t size) {
    Bytes raw = bytes(size);
    std::uint64_t value = 0;
    for (std::uint8_t byte : raw) value = value << 8 | byte;
    return value;
  }

  Bytes bytes_;
  bool ok_ = true;
};

/// Appends big-endian numbers to a string of bytes it does not own.
class ByteWriter {
 public:
  explicit ByteWriter(std::string& out) : out_(out) {}

  void u8(std::uint8_t v) { out_.push_back(static_cast<char>(v)); }
  void u16(std::uint16_t v) { number(v, 2); }
  void u32(std::uint32_t v) { number(v, 4); }
  void u64(std::uint64_t v) { number(v, 8); }
  void bytes(Bytes b) { out_.append(as_text(b)); }
  void bytes(std::string_view s) { out_.append(s); }
  /// Precondition: s.size() <= 65535.
  void sized16(std::string_view s) {
    u16(static_cast<std::uint16_t>(s.size()));
    out_.append(s);
  }
  void sized32(std::string_view s) {
    u32(static_cast<std::uint32_t>(s.size()));
    out_.append(s);
  }

 private:
  void number(std::uint64_t v, std::size_t size) {
    char raw[8];
    for (std::size_t i = 0; i < sizeof raw; ++i) raw[i] = static_cast<char>(v >> (56 - 8 * i));
    out_.append(raw + sizeof raw - size, size);
  }

  std::string& out_;
};

/// The same over bytes that are there: for records that are made for each message, and whose size is known.
/// Precondition: there is room for all that is written.
class ByteFiller {
 public:
  explicit ByteFiller(char* at) : at_(at) {}

  void u8(std::uint8_t v) { *at_++ = static_cast<char>(v); }
  void u16(std::uint16_t v) { number(v, 2); }
  void u32(std::uint32_t v) { number(v, 4); }
  void u64(std::uint64_t v) { number(v, 8); }
  void sized16(std::string_view s) {
    u16(static_cast<std::uint16_t>(s.size()));
    text(s);
  }
  void sized32(std::string_view s) {
    u32(static_cast<std::uint32_t>(s.size()));
    text(s);
  }
  /// A number in decimal digits, at most 20 bytes, behind their length.
  void sized16_decimal(std::uint64_t v) {
    char* const digits = at_ + 2;
    char* const end = std::to_chars(digits, digits + 20, v).ptr;
    u16(static_cast<std::uint16_t>(end - digits));
    at_ = end;
  }
  void bytes(std::string_view s) { text(s); }
  /// Behind what was written.
  const char* at() const { return at_; }

 private:
  void number(std::uint64_t v, unsigned size) {
    for (unsigned left = size; left > 0; --left) *at_++ = static_cast<char>(v >> (8 * (left - 1)));
  }
  void text(std::string_view s) {
    if (s.empty()) return;  // of nothing there may be no address
    std::memcpy(at_, s.data(), s.size());
    at_ += s.size();
  }

  char* at_;
};

}  // namespace hermod
