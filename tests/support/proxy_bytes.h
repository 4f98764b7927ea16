#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace hermod::support {

/// The bytes of PROXY headers of version 2, written from the protocol's document a second time.
namespace proxy {

inline std::string u16(std::size_t number) {
  return {static_cast<char>(number >> 8 & 0xFF), static_cast<char>(number & 0xFF)};
}

inline const std::string kSignature("\r\n\r\n\0\r\nQUIT\n", 12);

/// A header with this byte for version and command, this one for the family, and what stands behind them.
inline std::string version2(unsigned command, unsigned family, std::string_view body) {
  return kSignature + static_cast<char>(command) + static_cast<char>(family) + u16(body.size()) +
         std::string(body);
}

/// 192.0.2.7:50000 to 198.51.100.1:1883.
inline const std::string kIpv4Pair =
    std::string("\xC0\x00\x02\x07\xC6\x33\x64\x01", 8) + u16(50000) + u16(1883);
/// [2001:db8::7]:50000 to [2001:db8::1]:1883.
inline const std::string kIpv6Pair = std::string("\x20\x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\x07", 16) +
                                     std::string("\x20\x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\x01", 16) +
                                     u16(50000) + u16(1883);

inline std::string field(unsigned type, std::string_view value) {
  return static_cast<char>(type) + u16(value.size()) + std::string(value);
}

/// The field about TLS: the flags, whether the certificate was bad, and fields inside.
inline std::string tls_field(unsigned flags, unsigned bad, std::string_view fields) {
  return field(
      0x20, static_cast<char>(flags) + std::string(3, '\0') + static_cast<char>(bad) + std::string(fields));
}

/// CRC-32C, bit by bit.
inline std::uint32_t checksum(std::string_view bytes) {
  std::uint32_t state = 0xFFFFFFFF;
  for (const char c : bytes) {
    state ^= static_cast<std::uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) state = state >> 1 ^ ((state & 1) != 0 ? 0x82F63B78U : 0U);
  }
  return ~state;
}

/// A client over IPv4 with these fields and the right checksum.
inline std::string with_checksum(std::string_view fields) {
  std::string header =
      version2(0x21, 0x11, kIpv4Pair + field(0x03, std::string(4, '\0')) + std::string(fields));
  const std::uint32_t sum = checksum(header);
  const std::size_t at = 16 + kIpv4Pair.size() + 3;
  for (int i = 0; i < 4; ++i)
    header[at + static_cast<std::size_t>(i)] = static_cast<char>(sum >> (24 - 8 * i));
  return header;
}

}  // namespace proxy
}  // namespace hermod::support
