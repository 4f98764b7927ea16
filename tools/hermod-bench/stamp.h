#pragma once
#include <cstdint>
#include <cstring>
#include <optional>

#include "base/bytes.h"

namespace hermod::bench {

/// What every payload of the generator starts with: who sent it, which one it is, when it was sent.
struct Stamp {
  static constexpr std::size_t kSize = 24;

  std::uint32_t publisher = 0;
  std::uint64_t sequence = 0;  ///< from 0 upward, per publisher
  std::uint64_t sent_ns = 0;   ///< steady clock
  bool after_refusal = false;  ///< the broker refused it before: its place in the order is lost

  /// What its publisher gives it as user property `seq`: its messages are numbered from 1.
  std::uint64_t seq() const { return sequence + 1; }

  /// Precondition: room for kSize bytes at `at`.
  void write(char* at) const {
    std::memcpy(at, &kMark, 4);
    const std::uint32_t who = publisher | (after_refusal ? kAfterRefusal : 0);
    std::memcpy(at + 4, &who, 4);
    std::memcpy(at + 8, &sequence, 8);
    std::memcpy(at + 16, &sent_ns, 8);
  }

  static std::optional<Stamp> read(Bytes payload) {
    if (payload.size() < kSize || std::memcmp(payload.data(), &kMark, 4) != 0) return std::nullopt;
    Stamp stamp;
    std::memcpy(&stamp.publisher, payload.data() + 4, 4);
    stamp.after_refusal = (stamp.publisher & kAfterRefusal) != 0;
    stamp.publisher &= ~kAfterRefusal;
    std::memcpy(&stamp.sequence, payload.data() + 8, 8);
    std::memcpy(&stamp.sent_ns, payload.data() + 16, 8);
    return stamp;
  }

 private:
  static constexpr std::uint32_t kMark = 0x48425331;
  static constexpr std::uint32_t kAfterRefusal = 0x80000000;
};

/// The byte that follows the stamp at `offset` of every payload.
constexpr char filler_at(std::size_t offset) {
  return static_cast<char>('a' + offset % 23);
}

}  // namespace hermod::bench
