#pragma once
#include <cstddef>
#include <functional>
#include <memory>

#include "base/buffer.h"
#include "base/bytes.h"
#include "net/compression_pool.h"
#include "net/websocket_frame.h"

namespace hermod::net {

/// One WebSocket's side of compression: the message that is arriving. Without one it owns nothing but itself.
/// Owned by its transport, on its thread; the pool outlives it.
class WebSocketCompression final : private InflaterHolder {
 public:
  /// What there is of a message, as far as it is inflated at once.
  struct Piece {
    Bytes bytes{};                       ///< valid until the next piece of any message
    std::size_t taken = 0;               ///< compressed bytes it was made of
    CloseCode code = CloseCode::Normal;  ///< what to tell the client when something is wrong
    const char* why = nullptr;           ///< null: nothing is wrong
  };

  /// `on_lost`: the message that is arriving cannot go on; end() is to be called.
  WebSocketCompression(CompressionPool& pool, std::function<void()> on_lost);
  WebSocketCompression(const WebSocketCompression&) = delete;
  WebSocketCompression& operator=(const WebSocketCompression&) = delete;
  ~WebSocketCompression() override { end(); }

  /// The next `size` bytes are a part of a message. Precondition: nothing waits.
  void arrived(std::size_t size, bool ends_message);
  /// Whether there is something to inflate, before anything else may be looked at.
  bool is_waiting() const { return waiting_ > 0 || ends_message_ || has_more_; }
  /// Whether it waits for its turn only: all that arrived of it is taken.
  bool is_taken() const { return is_waiting() && waiting_ == 0; }
  /// Inflates the first of the bytes that wait, which `bytes` begins with. Precondition: something waits.
  Piece inflate(Bytes bytes);
  /// Nothing is inflated for now; a message that has begun keeps its place.
  void rest();
  /// Nothing is inflated any more.
  void end();

  /// What is to be sent instead of a message, in a frame that says so; empty: the message is sent as it is.
  /// Valid until the next call of any WebSocket. Precondition: it has at most MessageDeflater::kLongest
  /// bytes.
  Bytes deflate(const WriteQueue& message);

 private:
  void on_inflater_wanted() override { on_lost_(); }

  CompressionPool& pool_;
  std::function<void()> on_lost_;
  std::unique_ptr<MessageInflater> inflater_;  ///< null between messages
  std::size_t waiting_ = 0;                    ///< compressed bytes that arrived and are not taken yet
  bool ends_message_ = false;                  ///< with those that wait
  bool has_more_ = false;                      ///< of what was taken more may be made
};

}  // namespace hermod::net
