#include "net/websocket_compression.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace hermod::net {
namespace {

/// Compressed bytes in one piece.
constexpr std::size_t kMostTaken = 4U << 10;
/// A message that is shorter is not worth it.
constexpr std::size_t kShortest = 128;

}  // namespace

WebSocketCompression::WebSocketCompression(CompressionPool& pool, std::function<void()> on_lost)
    : pool_(pool), on_lost_(std::move(on_lost)) {}

void WebSocketCompression::arrived(std::size_t size, bool ends_message) {
  HERMOD_ASSERT(!is_waiting());
  waiting_ = size;
  ends_message_ = ends_message;
}

WebSocketCompression::Piece WebSocketCompression::inflate(Bytes bytes) {
  HERMOD_ASSERT(is_waiting() && waiting_ <= bytes.size());
  if (inflater_ == nullptr) {
    inflater_ = pool_.take();
    if (inflater_ == nullptr)
      return {.code = CloseCode::TryAgainLater, .why = "the system has no memory to inflate a message"};
    inflater_->begin();
  }
  const std::size_t size = std::min(waiting_, kMostTaken);
  const std::span<std::uint8_t> room = pool_.room();
  const auto step = inflater_->next(bytes.first(size), ends_message_ && size == waiting_, room);
  waiting_ -= step.taken;
  has_more_ = step.made == room.size();
  Piece piece{.bytes = room.first(step.made), .taken = step.taken};
  if (step.what == MessageInflater::What::Fault) {
    piece.code = CloseCode::InvalidData;
    piece.why = "a message is not what permessage-deflate makes";
  } else if (step.what == MessageInflater::What::Ended) {
    end();
  }
  return piece;
}

void WebSocketCompression::rest() {
  if (inflater_ != nullptr) pool_.hold(*this);
}

void WebSocketCompression::end() {
  waiting_ = 0;
  ends_message_ = has_more_ = false;
  pool_.give_back(*this, std::move(inflater_));
}

Bytes WebSocketCompression::deflate(const WriteQueue& message) {
  return message.size() < kShortest ? Bytes{} : pool_.deflate(message);
}

}  // namespace hermod::net
