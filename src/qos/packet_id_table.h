#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "wire/types.h"

namespace hermod::qos {

/// One exchange in which we receive; see InboundFlow.
struct InboundExchange {
  enum class Phase : std::uint8_t {
    /// QoS 1: the commit, or the PUBACK behind it, is on its way. Ends with the connection.
    Publishing,
    /// QoS 2: message and id are on their way to the disk. "Seen" already, but not to be said yet.
    Storing,
    /// QoS 2: durable; PUBREC may leave, PUBREL is awaited.
    Received,
    /// PUBREL came on this connection; the erase is on its way to the disk and PUBCOMP behind it.
    Erasing,
    /// The same, but asked for by a connection that is gone: nobody waits for PUBCOMP yet.
    ErasingUnasked,
    /// QoS 2: not stored. Only the quota waits for the PUBREC with the error.
    Refused,
  };
  wire::PacketId id;  // zero: a free slot of the table
  Phase phase{};
  bool holds_quota{};
  friend bool operator==(const InboundExchange&, const InboundExchange&) = default;
};

/// Exchanges by packet id: open addressing over four-byte slots, the first four inside the object. Owns no
/// memory while it holds four or fewer. Above 2,048 ids every id has a slot of its own.
class PacketIdTable {
 public:
  InboundExchange* find(wire::PacketId id);
  const InboundExchange* find(wire::PacketId id) const;
  /// Precondition: the id is not zero and not in the table.
  void insert(InboundExchange exchange);
  /// Precondition: `exchange` came from find().
  void erase(const InboundExchange* exchange);
  std::size_t size() const { return size_; }
  /// Every slot; free ones have id zero.
  std::span<const InboundExchange> slots() const;
  /// Bytes on the heap.
  std::size_t owned_bytes() const { return heap_.capacity() * sizeof(InboundExchange); }

 private:
  static constexpr std::size_t kInside = 4;
  std::span<InboundExchange> table();
  void rebuild(std::size_t slot_count);

  std::array<InboundExchange, kInside> inside_{};
  std::vector<InboundExchange> heap_;  // empty, or a power of two, at most half full below 65,536
  std::size_t size_ = 0;
};

}  // namespace hermod::qos
