#include "net/proxy_header.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>

#include "base/hash.h"

namespace hermod::net {
namespace {

constexpr std::string_view kSignature1 = "PROXY ";
constexpr std::string_view kSignature2("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t kFixedSize = 16;  // of version 2: signature, version and command, family, length

constexpr std::uint8_t kLocal = 0;
constexpr std::uint8_t kOnBehalf = 1;

// Of the protocol's document, section 2.2.
constexpr std::uint8_t kTlvChecksum = 0x03;
constexpr std::uint8_t kTlvTls = 0x20;
constexpr std::uint8_t kTlvTlsVersion = 0x21;
constexpr std::uint8_t kTlvTlsCommonName = 0x22;
constexpr std::uint8_t kTlvTlsCipher = 0x23;
constexpr std::uint8_t kClientTls = 0x01;
constexpr std::uint8_t kClientCertificate = 0x02 | 0x04;  // in this connection, or in the session it resumes

constexpr std::size_t kLongestTlsWord = 64;
constexpr std::size_t kLongestName = 1024;

/// The word in front of the next space, taken off `line`; the rest when there is none.
std::string_view next_word(std::string_view& line) {
  const std::size_t space = line.find(' ');
  const std::string_view word = line.substr(0, space);
  line.remove_prefix(space == std::string_view::npos ? line.size() : space + 1);
  return word;
}

/// Digits only, no zero in front: "heading zeroes are not permitted".
std::optional<std::uint16_t> port_of(std::string_view word) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), port);
  if (error != std::errc() || end != word.data() + word.size()) return std::nullopt;
  if (word.size() > 1 && word.front() == '0') return std::nullopt;
  return port;
}

std::optional<SocketAddress> address_of(std::string_view word, bool is_ipv4, std::uint16_t port) {
  std::array<unsigned char, 16> raw{};
  const std::string text(word);
  if (text.find('\0') != std::string::npos) return std::nullopt;
  if (::inet_pton(is_ipv4 ? AF_INET : AF_INET6, text.c_str(), raw.data()) != 1) return std::nullopt;
  const auto parsed = SocketAddress::parse(text, port);
  return parsed ? std::optional(*parsed) : std::nullopt;
}

bool is_tls_word(std::string_view word) {
  return !word.empty() && word.size() <= kLongestTlsWord &&
         std::ranges::all_of(word, [](char c) { return c > ' ' && c <= '~'; });
}

}  // namespace

ProxyHeaderReader::State ProxyHeaderReader::malformed(const char* fault) {
  fault_ = fault;
  return State::Malformed;
}

ProxyHeaderReader::Step ProxyHeaderReader::take(Bytes arrived) {
  Step step;
  while (step.taken < arrived.size() && step.state == State::More) step.state = take(arrived[step.taken++]);
  return step;
}

ProxyHeaderReader::State ProxyHeaderReader::take_signature(std::uint8_t byte) {
  const std::size_t at = bytes_.size() - 1;
  const std::string_view signature = bytes_.front() == kSignature1.front() ? kSignature1 : kSignature2;
  if (at >= signature.size() || static_cast<std::uint8_t>(signature[at]) == byte) return State::More;
  fault_ = "the first bytes are not those of a PROXY header";
  return State::Missing;
}

ProxyHeaderReader::State ProxyHeaderReader::take(std::uint8_t byte) {
  bytes_.push_back(static_cast<char>(byte));
  if (const State state = take_signature(byte); state != State::More) return state;
  if (bytes_.front() == kSignature1.front()) {
    if (byte == '\n') return read_version1();
    if (bytes_.size() >= kMaxVersion1) return malformed("the line is longer than 107 bytes");
    return State::More;
  }
  if (bytes_.size() < kFixedSize) return State::More;
  if (bytes_.size() == kFixedSize) {
    ByteReader reader(as_bytes(bytes_));
    reader.bytes(kSignature2.size());
    const std::uint8_t version_and_command = reader.u8();
    if (version_and_command >> 4 != 2) return malformed("its version is not 2");
    if ((version_and_command & 0x0F) > kOnBehalf) return malformed("its command is neither LOCAL nor PROXY");
    reader.u8();
    size_ = kFixedSize + reader.u16();
    if (size_ > max_size_) return malformed("it is longer than proxy_max_size");
    bytes_.reserve(size_);
  }
  return bytes_.size() < size_ ? State::More : read_version2();
}

ProxyHeaderReader::State ProxyHeaderReader::read_version1() {
  std::string_view line = bytes_;
  line.remove_prefix(kSignature1.size());
  if (!line.ends_with("\r\n")) return malformed("the line does not end with CR LF");
  line.remove_suffix(2);
  if (line.find('\r') != std::string_view::npos) return malformed("there is a CR inside the line");
  const std::string_view protocol = next_word(line);
  if (protocol == "UNKNOWN") return State::Done;  // whatever follows says nothing
  if (protocol != "TCP4" && protocol != "TCP6") return malformed("the protocol is not TCP4, TCP6 or UNKNOWN");
  const bool is_ipv4 = protocol == "TCP4";
  const std::string_view source = next_word(line);
  const std::string_view destination = next_word(line);
  const auto source_port = port_of(next_word(line));
  const auto destination_port = port_of(line);
  if (!source_port || !destination_port) return malformed("a port is not a number from 0 to 65535");
  const auto client = address_of(source, is_ipv4, *source_port);
  if (!client || !address_of(destination, is_ipv4, *destination_port))
    return malformed("an address is none of the protocol it names");
  header_.names_client = true;
  header_.client = *client;
  return State::Done;
}

ProxyHeaderReader::State ProxyHeaderReader::read_version2() {
  ByteReader reader(as_bytes(bytes_));
  reader.bytes(kSignature2.size());
  const bool is_local = (reader.u8() & 0x0F) == kLocal;
  const std::uint8_t family = reader.u8();
  reader.u16();
  // The proxy speaks for itself, as in a health check, or cannot say whose connection it is. What else stands
  // there is to be thrown away.
  constexpr std::uint8_t kUnspecified = 0x00;
  if (is_local || family == kUnspecified) return State::Done;
  if (const State state = read_addresses(reader, family); state != State::More) return state;
  if (const State state = read_additions(reader); state != State::More) return state;
  return State::Done;
}

/// More: go on behind them.
ProxyHeaderReader::State ProxyHeaderReader::read_addresses(ByteReader& reader, std::uint8_t family) {
  constexpr std::size_t kPathPair = std::size_t{2} * 108;
  sockaddr_storage raw{};
  Bytes client;
  switch (family) {
    case 0x11:  // IPv4, stream and datagram
    case 0x12:
      client = reader.bytes(4);
      reader.bytes(4);
      raw.ss_family = AF_INET;
      break;
    case 0x21:  // IPv6
    case 0x22:
      client = reader.bytes(16);
      reader.bytes(16);
      raw.ss_family = AF_INET6;
      break;
    case 0x31:  // a Unix socket of the proxy's machine: its own address says as much
    case 0x32:
      reader.bytes(kPathPair);
      return reader.ok() ? State::More : malformed("it ends inside its addresses");
    default:
      return malformed("its family is not known");
  }
  const std::uint16_t port = reader.u16();
  reader.u16();
  if (!reader.ok()) return malformed("it ends inside its addresses");
  if (raw.ss_family == AF_INET) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    std::memcpy(&in.sin_addr, client.data(), client.size());
    std::memcpy(&raw, &in, sizeof in);
  } else {
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(port);
    std::memcpy(&in.sin6_addr, client.data(), client.size());
    std::memcpy(&raw, &in, sizeof in);
  }
  header_.names_client = true;
  header_.client = SocketAddress::from(raw);
  return State::More;
}

/// The type-length-value fields behind the addresses; those that say nothing to us are stepped over.
ProxyHeaderReader::State ProxyHeaderReader::read_additions(ByteReader reader) {
  bool has_checksum = false;
  bool has_tls = false;
  while (reader.remaining() > 0) {
    const std::uint8_t type = reader.u8();
    const Bytes value = reader.sized16();
    if (!reader.ok()) return malformed("a field reaches beyond its end");
    if (type == kTlvChecksum) {
      if (has_checksum || value.size() != 4) return malformed("its checksum is no checksum");
      has_checksum = true;
      const auto at = static_cast<std::size_t>(value.data() - as_bytes(bytes_).data());
      if (!is_checksum_right(at)) return malformed("its checksum is wrong");
    } else if (type == kTlvTls) {
      if (has_tls) return malformed("it has two fields about TLS");
      has_tls = true;
      if (const State state = read_tls(ByteReader(value)); state != State::More) return state;
    }
  }
  return State::More;
}

bool ProxyHeaderReader::is_checksum_right(std::size_t at) const {
  std::string blanked = bytes_;
  blanked.replace(at, 4, 4, '\0');
  return crc32c(blanked) == ByteReader(as_bytes(bytes_).subspan(at)).u32();
}

ProxyHeaderReader::State ProxyHeaderReader::read_tls(ByteReader reader) {
  const std::uint8_t client = reader.u8();
  const std::uint32_t not_verified = reader.u32();
  if (!reader.ok()) return malformed("its field about TLS is too short");
  std::string name;
  while (reader.remaining() > 0) {
    const std::uint8_t type = reader.u8();
    const Bytes value = reader.sized16();
    if (!reader.ok()) return malformed("a field about TLS reaches beyond its end");
    std::string* place = type == kTlvTlsVersion      ? &header_.tls_version
                         : type == kTlvTlsCipher     ? &header_.tls_cipher
                         : type == kTlvTlsCommonName ? &name
                                                     : nullptr;
    if (place == nullptr) continue;
    if (!place->empty()) return malformed("it has two fields about the same thing of TLS");
    const bool is_name = type == kTlvTlsCommonName;
    if (!is_name && !is_tls_word(as_text(value))) return malformed("a field about TLS is no word");
    if (is_name && (value.empty() || value.size() > kLongestName))
      return malformed("the certificate's name is empty or too long");
    *place = as_text(value);
  }
  if ((client & kClientTls) == 0) {
    header_.tls_version.clear();
    header_.tls_cipher.clear();
  } else if ((client & kClientCertificate) != 0 && not_verified == 0) {
    header_.common_name = std::move(name);
  }
  return State::More;
}

}  // namespace hermod::net
