#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "net/socket_address.h"

namespace hermod::net {

/// What a PROXY header said about the client. All texts come from the proxy and are checked.
struct ProxyHeader {
  bool names_client = false;  ///< false (LOCAL, UNSPEC, UNKNOWN): the connection's own address stands
  SocketAddress client{};
  // What the client and the proxy have between them; empty: no TLS, or the header does not say.
  std::string tls_version{};  ///< "TLSv1.3"
  std::string tls_cipher{};
  std::string common_name{};  ///< of a certificate that the proxy has verified, as it came
};

/// Reads one header of the PROXY protocol (haproxy.org, "The PROXY protocol", versions 1 and 2) as its bytes
/// come, and never a byte behind it. Pure; it holds the header, at most its largest size, until it is
/// destroyed.
class ProxyHeaderReader {
 public:
  static constexpr std::size_t kMaxVersion1 = 107;  ///< bytes, the end of the line included

  /// `max_size`: bytes of a header of version 2.
  explicit ProxyHeaderReader(std::size_t max_size) : max_size_(max_size) {}

  enum class State : std::uint8_t {
    More,       ///< all bytes were taken, and more are needed
    Done,       ///< header() is there
    Missing,    ///< these are not the first bytes of a header
    Malformed,  ///< it began as one and is none, see fault()
  };
  struct Step {
    State state = State::More;
    std::size_t taken = 0;  ///< bytes from the front that belong to the header
  };
  /// The next bytes of the stream. Precondition: it has said nothing but More so far.
  Step take(Bytes arrived);

  const ProxyHeader& header() const { return header_; }
  /// What is wrong, for people.
  const char* fault() const { return fault_; }

 private:
  State take(std::uint8_t byte);
  State take_signature(std::uint8_t byte);
  State malformed(const char* fault);
  State read_version1();
  State read_version2();
  State read_addresses(ByteReader& reader, std::uint8_t family);
  State read_additions(ByteReader reader);
  State read_tls(ByteReader reader);
  /// Whether the checksum that stands in the header at `at` is right.
  bool is_checksum_right(std::size_t at) const;

  const std::size_t max_size_;
  std::string bytes_;
  std::size_t size_ = 0;  ///< of the header of version 2, once known
  ProxyHeader header_;
  const char* fault_ = "";
};

}  // namespace hermod::net
