#pragma once
#include <cstddef>
#include <variant>

#include "base/bytes.h"
#include "wire/frame.h"
#include "wire/limits.h"
#include "wire/packets.h"
#include "wire/protocol_error.h"

namespace hermod::wire {

struct Body;

/// There is no whole packet yet, and cannot be before `at_least` bytes are buffered in all.
struct NeedMore {
  std::size_t at_least;
};

using DecodeResult = std::variant<Packet, NeedMore, ProtocolError>;

/// Turns the byte stream of one network connection into packets, in order, and holds it to every rule that
/// one packet alone can break. Owns no memory; touched by the connection's shard; lives as long as the
/// connection. After a ProtocolError it must not be asked again.
class Decoder {
 public:
  explicit Decoder(const Limits& limits, Role receiver = Role::Server)
      : limits_(limits), receiver_(receiver) {}

  /// The version of the connection. A server's decoder learns it from CONNECT; a client calls this before the
  /// first byte arrives. On a server it also says that the CONNECT has been seen.
  void set_version(Version version) {
    version_ = version;
    connected_ = true;
  }
  /// Mqtt311 until a CONNECT named a version hermod knows: also the version to answer the others in.
  Version version() const { return version_; }

  /// Takes one packet off the front of `buffered` and sets `consumed` to its size; 0 unless a packet is
  /// returned. The packet's views point into `buffered`.
  DecodeResult next(Bytes buffered, std::size_t& consumed);

 private:
  bool is_stranger() const { return receiver_ == Role::Server && !connected_; }
  std::size_t decode(Bytes buffered, DecodeResult& result);
  Violation check_first_byte(std::uint8_t first) const;
  Violation decode_connect_body(const FixedHeader& header, Body& body, Connect& out);
  Violation decode_body(const FixedHeader& header, Bytes body, Packet& out);
  Violation check_size(const FixedHeader& header) const;
  std::size_t refuse(ProtocolError error, DecodeResult& result) const;

  Limits limits_;
  Role receiver_;
  Version version_ = Version::Mqtt311;
  bool connected_ = false;  // a CONNECT was decoded, or set_version() was called
};

}  // namespace hermod::wire
