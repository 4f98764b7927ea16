#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

struct lws_context;
struct lws_vhost;

namespace hermod::net {

/// libwebsockets as a guest of one shard: it never waits, never listens, opens no connection and keeps no
/// time; it does what a WebSocketLink asks, inside the call. Owned by the shard's thread object; made before
/// the threads start, then used by the shard alone; outlives every link.
class WebSocketGuest {
 public:
  /// Bytes of payload in one frame of ours.
  static constexpr std::size_t kFrame = 32U << 10;

  /// Errors: Io when the library cannot have its tables or descriptors.
  static Result<std::unique_ptr<WebSocketGuest>> make();
  WebSocketGuest(const WebSocketGuest&) = delete;
  WebSocketGuest& operator=(const WebSocketGuest&) = delete;
  ~WebSocketGuest();

  /// What the frames of the running call held.
  std::vector<std::uint8_t>& payload() { return payload_; }

 private:
  friend class WebSocketLink;

  /// In front of a frame's payload the library writes its header; a frame's own bytes come back into all of
  /// it.
  static constexpr std::size_t kMargin = 64;

  WebSocketGuest();
  std::span<std::uint8_t> frame() { return std::span(room_).subspan(kMargin); }
  std::span<std::uint8_t> room() { return room_; }

  struct Free {
    void operator()(lws_context* context) const;
  };
  std::vector<std::uint8_t> room_;
  std::vector<std::uint8_t> payload_;
  std::unique_ptr<lws_context, Free> context_;
  lws_vhost* host_ = nullptr;
};

}  // namespace hermod::net
