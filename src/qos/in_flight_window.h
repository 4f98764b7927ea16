#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/assert.h"
#include "base/ids.h"
#include "wire/types.h"

namespace hermod::qos {

/// One exchange in which we send, in eight bytes: the entry's sequence and where it stands.
class InFlight {
 public:
  enum class Phase : std::uint8_t {
    /// PUBLISH is with the client, or has to be sent again; PUBACK or PUBREC is awaited.
    Sent,
    /// PUBREC came; "released" is on its way to the disk and PUBREL behind it.
    Releasing,
    /// Durable; PUBREL is with the client, or has to be sent again; PUBCOMP is awaited.
    Released,
    /// Finished; the id is free when the erase is durable.
    Erasing,
    /// Free; a gap in the window.
    Gone,
    /// After a restart: the client may hold the id, and somebody else has the message and decides what
    /// follows.
    Held,
  };

  /// Precondition: seq is below 2^56.
  InFlight(Seq seq, wire::QoS qos, Phase phase);
  InFlight() = default;

  Seq seq() const { return {word_ >> kSeqShift}; }
  wire::QoS qos() const { return (word_ & kQoS2Bit) != 0 ? wire::QoS::ExactlyOnce : wire::QoS::AtLeastOnce; }
  Phase phase() const { return static_cast<Phase>(word_ & kPhaseMask); }
  /// It takes a place in the quota of this connection.
  bool holds_quota() const { return (word_ & kQuotaBit) != 0; }
  void set_phase(Phase phase) { word_ = (word_ & ~kPhaseMask) | static_cast<std::uint64_t>(phase); }
  void set_holds_quota(bool holds) { word_ = holds ? word_ | kQuotaBit : word_ & ~kQuotaBit; }
  friend bool operator==(const InFlight&, const InFlight&) = default;

 private:
  static constexpr std::uint64_t kPhaseMask = 7;
  static constexpr std::uint64_t kQoS2Bit = 8;
  static constexpr std::uint64_t kQuotaBit = 16;
  static constexpr unsigned kSeqShift = 8;
  std::uint64_t word_ = static_cast<std::uint64_t>(Phase::Gone);
};

/// The exchanges of one session by rising sequence: nearly always added at the end and removed at the front,
/// so a flat run of words with gaps for what finished out of order. Two fit inside the object; owns no memory
/// for them. No two sequences in it share a packet id.
class InFlightWindow {
 public:
  /// False when `seq` is so far from the oldest or newest exchange that their packet ids could meet.
  bool has_room_for(Seq seq) const;
  /// Preconditions: has_room_for(), the sequence is not in the window.
  InFlight& insert(const InFlight& exchange);
  InFlight* find(Seq seq);
  const InFlight* find(Seq seq) const;
  InFlight* find(wire::PacketId id);
  const InFlight* find(wire::PacketId id) const;
  /// Precondition: `exchange` came from find().
  void erase(InFlight* exchange);

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  /// The window from the first sequence that is not below `from`; skip Phase::Gone.
  std::span<InFlight> from(Seq from);
  std::span<const InFlight> all() const { return {data() + begin_, end_ - begin_}; }
  std::span<InFlight> all() { return {data() + begin_, end_ - begin_}; }
  std::size_t owned_bytes() const { return heap_.capacity() * sizeof(InFlight); }

 private:
  static constexpr std::size_t kInside = 2;
  static constexpr std::size_t kFirstHeap = 16;

  InFlight* data() { return heap_.empty() ? inside_.data() : heap_.data(); }
  const InFlight* data() const { return heap_.empty() ? inside_.data() : heap_.data(); }
  std::size_t capacity() const { return heap_.empty() ? kInside : heap_.size(); }
  void make_room_at_end();
  void close_gaps();

  // Words in [begin_, end_) are in use; the first and the last are never gaps.
  std::array<InFlight, kInside> inside_{};
  std::vector<InFlight> heap_;
  std::uint32_t begin_ = 0;
  std::uint32_t end_ = 0;
  std::uint32_t size_ = 0;
};

}  // namespace hermod::qos
