#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/buffer.h"
#include "base/bytes.h"
#include "net/intrusive_list.h"
#include "net/websocket_deflater.h"
#include "net/websocket_inflater.h"

namespace hermod::net {

/// Has an inflater for a message whose rest has not arrived.
class InflaterHolder : public ListNode {
 public:
  virtual ~InflaterHolder() = default;
  /// Another one needs it more: give it back now, and the message is lost.
  virtual void on_inflater_wanted() = 0;
};

/// What the compressing WebSockets of one loop share, so that none of them has any of it while it is silent:
/// a deflater, inflaters, and the room into which pieces of messages are inflated. A message that arrives
/// whole borrows an inflater for a moment; one that comes in parts holds it from part to part, because it
/// cannot be collected: it may be as long as any packet. So that who begins messages and ends none cannot
/// have all memory, at most kMostHeld are held (some 20 MiB), and when one more is, whoever has got nothing
/// for the longest time loses his. Owned by its loop, on the loop's thread; outlives all who hold an
/// inflater.
class CompressionPool {
 public:
  static constexpr std::size_t kMostHeld = 512;
  static constexpr std::size_t kRoom = 16U << 10;

  /// Null when the system has no memory for it.
  std::unique_ptr<MessageInflater> take();
  /// `holder` keeps what it took until the next part of its message; also when it did before.
  void hold(InflaterHolder& holder);
  void give_back(InflaterHolder& holder, std::unique_ptr<MessageInflater> inflater);

  /// For one piece of a message, until it was shown.
  std::span<std::uint8_t> room() { return room_; }
  /// As MessageDeflater::deflate(); empty also when the system has no memory for it.
  Bytes deflate(const WriteQueue& message);

  /// Inflaters that are held between parts.
  std::size_t held() const { return held_; }

 private:
  std::unique_ptr<MessageInflater> spare_;
  std::unique_ptr<MessageDeflater> deflater_;
  IntrusiveList<InflaterHolder> holders_;  ///< who has got nothing for the longest time first
  std::size_t held_ = 0;
  std::array<std::uint8_t, kRoom> room_{};
};

}  // namespace hermod::net
