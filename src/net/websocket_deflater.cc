#include "net/websocket_deflater.h"

#include <sys/uio.h>
#include <zlib.h>

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace hermod::net {
namespace {

/// Without a zlib header, and with the largest window, which clients have unless they say otherwise.
constexpr int kDeflateWindow = -15;
/// Half of zlib's memory for tables, which it clears for every message.
constexpr int kDeflateTables = 7;
/// What the end of a flush looks like, and is not sent (RFC 7692, 7.2.1).
constexpr std::size_t kFlushEnd = 4;

std::vector<iovec> pieces_of(const WriteQueue& queue) {
  std::vector<iovec> out(16);
  std::size_t count = 0;
  while ((count = queue.gather(out.data(), out.size())) == out.size()) out.resize(2 * out.size());
  out.resize(count);
  return out;
}

}  // namespace

void MessageDeflater::End::operator()(z_stream_s* stream) const {
  ::deflateEnd(stream);
  delete stream;
}

std::unique_ptr<MessageDeflater> MessageDeflater::make() {
  auto stream = std::make_unique<z_stream>();
  if (::deflateInit2(stream.get(), Z_BEST_SPEED, Z_DEFLATED, kDeflateWindow, kDeflateTables,
                     Z_DEFAULT_STRATEGY) != Z_OK)
    return nullptr;
  return std::unique_ptr<MessageDeflater>(
      new MessageDeflater(std::unique_ptr<z_stream_s, End>(stream.release())));
}

MessageDeflater::MessageDeflater(std::unique_ptr<z_stream_s, End> stream)
    : stream_(std::move(stream)), room_(kLongest + kFlushEnd) {}

Bytes MessageDeflater::deflate(const WriteQueue& message) {
  HERMOD_ASSERT(message.size() <= kLongest);
  if (message.empty() || ::deflateReset(stream_.get()) != Z_OK) return {};
  const std::size_t room = message.size() + kFlushEnd;
  stream_->next_out = room_.data();
  stream_->avail_out = static_cast<uInt>(room);
  const std::vector<iovec> pieces = pieces_of(message);
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const auto* data = static_cast<const std::uint8_t*>(pieces[i].iov_base);
    if (!take({data, pieces[i].iov_len}, i + 1 == pieces.size())) return {};
  }
  return Bytes(room_).first(room - stream_->avail_out - kFlushEnd);
}

bool MessageDeflater::take(Bytes bytes, bool is_last) {
  stream_->next_in = const_cast<Bytef*>(bytes.data());
  stream_->avail_in = static_cast<uInt>(bytes.size());
  const int result = ::deflate(stream_.get(), is_last ? Z_SYNC_FLUSH : Z_NO_FLUSH);
  // Without room left it may not be done.
  return result == Z_OK && stream_->avail_in == 0 && stream_->avail_out > 0;
}

}  // namespace hermod::net
